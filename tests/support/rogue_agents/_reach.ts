/** Uses one permission; what agents that test them share. */

import { z } from "100ac";

export const ReachInput = z.object({
  kind: z.enum(["net", "read", "write", "env", "sys", "run", "ffi"]),
  target: z.string(),
});
export const Reached = z.object({ found: z.string() });

/** @throws what the runtime throws when it is not allowed. */
export async function reach(
  { kind, target }: z.infer<typeof ReachInput>,
): Promise<z.infer<typeof Reached>> {
  switch (kind) {
    case "net":
      return { found: await (await fetch(target)).text() };
    case "read":
      return { found: await Deno.readTextFile(target) };
    case "write":
      await Deno.writeTextFile(target, "");
      return { found: "" };
    case "env":
      return { found: Deno.env.get(target) ?? "" };
    case "sys":
      return { found: Deno.hostname() };
    case "run":
      return { found: String((await new Deno.Command(target).output()).success) };
    case "ffi":
      return { found: String(Deno.dlopen(target, {})) };
  }
}
