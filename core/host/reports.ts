/** Reads what a host reports: a process may report anything, also about agents elsewhere. */

import { z } from "zod";
import { type ErrorData, isErrorData } from "../errors.ts";
import { logLevels } from "../log.ts";
import type { HostReport } from "./control.ts";

const error = z.custom<ErrorData>(isErrorData);

/** A report, of a host in which `agents` live. */
function reportOf(agents: ReadonlySet<string>) {
  const own = z.string().refine((id) => agents.has(id));
  const failed = z.object({ id: own, error });
  return z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("loading"), agent: own }),
    z.object({ kind: z.literal("ready"), failed: z.array(failed).max(agents.size) }),
    z.object({ kind: z.literal("beat") }),
    z.object({ kind: z.literal("fault"), agent: own.nullable(), message: z.string() }),
    z.object({
      kind: z.literal("log"),
      level: z.enum(logLevels).exclude(["off"]),
      agent: own.nullable(),
      message: z.string(),
      fields: z.record(z.string(), z.unknown()),
    }),
  ]);
}

/** The function that reads reports of a host; it gives undefined for anything else. */
export function reportReader(
  agents: ReadonlySet<string>,
): (value: unknown) => HostReport | undefined {
  const form = reportOf(agents);
  return (value) => form.safeParse(value).data;
}
