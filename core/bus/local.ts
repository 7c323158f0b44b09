/** Capabilities that the daemon serves itself: `cache.get`, `market.save_bars`, … */

import { z } from "zod";
import { AppError } from "../errors.ts";
import type { IncomingRequest, RequestHandler } from "./bus.ts";

/** Answers with plain JSON; `input` is unchecked. */
type LocalCapability = (input: unknown, caller: string) => Promise<unknown>;
/** Answers with nothing that was learned after `asOfMs`, and changes nothing of now. */
type PastCapability = (input: unknown, caller: string, asOfMs: number) => Promise<unknown>;

/** What a part of the daemon serves on the bus, by name. */
export interface LocalService {
  readonly capabilities: Readonly<Record<string, LocalCapability>>;
  /** Those that answer as of an earlier instant, too; what is not among them is refused there. */
  readonly pastCapabilities: Readonly<Record<string, PastCapability>>;
}

/** Serves `services` by `service.capability`; every other request goes to `elsewhere`. */
export function serveLocally(
  services: Readonly<Record<string, LocalService>>,
  elsewhere: RequestHandler,
): RequestHandler {
  const now = byAddress(services, ({ capabilities }) => capabilities);
  const past = byAddress(services, ({ pastCapabilities }) => pastCapabilities);
  return async (request) => {
    const { address, asOfMs } = request;
    const run = now.get(address);
    if (!run) return await elsewhere(request);
    if (asOfMs === undefined) return await answer(run, request);
    const runAt = past.get(address);
    if (!runAt) throw refusedAsOf(address, asOfMs);
    return await answer((input, caller) => runAt(input, caller, asOfMs), request);
  };
}

function byAddress<Capability>(
  services: Readonly<Record<string, LocalService>>,
  capabilitiesOf: (service: LocalService) => Readonly<Record<string, Capability>>,
): ReadonlyMap<string, Capability> {
  return new Map(
    Object.entries(services).flatMap(([name, service]) =>
      Object.entries(capabilitiesOf(service))
        .map(([capability, run]) => [`${name}.${capability}`, run] as const)
    ),
  );
}

function refusedAsOf(address: string, asOfMs: number): AppError {
  return new AppError(
    "as_of_refused",
    `Cannot invoke "${address}" as of ${
      new Date(asOfMs).toISOString()
    }: it answers for now alone, ` +
      `or changes what is stored; ask for it without as_of`,
  );
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
