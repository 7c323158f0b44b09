/** Capabilities that the daemon serves itself: `cache.get`, `market.save_bars`, … */

import { z } from "zod";
import { AppError } from "../errors.ts";
import type { IncomingRequest, RequestHandler } from "./bus.ts";

/** Answers with plain JSON; `input` is unchecked. */
type LocalCapability = (input: unknown, caller: string) => Promise<unknown>;

/** Serves `services` by `service.capability`; every other request goes to `elsewhere`. */
export function serveLocally(
  services: Readonly<Record<string, Readonly<Record<string, LocalCapability>>>>,
  elsewhere: RequestHandler,
): RequestHandler {
  const byAddress = new Map<string, LocalCapability>(
    Object.entries(services).flatMap(([service, capabilities]) =>
      Object.entries(capabilities).map(([name, run]) => [`${service}.${name}`, run] as const)
    ),
  );
  return async (request) => {
    const run = byAddress.get(request.address);
    return run ? await answer(run, request) : await elsewhere(request);
  };
}

async function answer(run: LocalCapability, request: IncomingRequest): Promise<string> {
  try {
    const answer = await run(JSON.parse(request.input), request.caller);
    return JSON.stringify(answer ?? null);
  } catch (thrown) {
    if (!(thrown instanceof z.ZodError)) throw thrown;
    const problems = thrown.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new AppError(
      "invalid_input",
      `Cannot invoke "${request.address}": its input is wrong: ${problems.slice(0, 5).join("; ")}`,
      { details: { problems } },
    );
  }
}
