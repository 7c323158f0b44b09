/** Capabilities that the daemon itself serves: `cache.get`, `market.save_bars`, … */

import { z } from "zod";
import { AppError } from "../errors.ts";
import { Mask } from "../mask.ts";
import type { IncomingRequest, RequestHandler } from "./bus.ts";

/** Resolves with plain JSON; `input` is not yet validated. */
type LocalCapability = (input: unknown, caller: string) => Promise<unknown>;
/** Resolves with nothing that was learned after `asOfMs`, and changes nothing. */
type PastCapability = (input: unknown, caller: string, asOfMs: number) => Promise<unknown>;

/** A part of the daemon that serves capabilities on the bus. */
export interface LocalService {
  readonly capabilities: Readonly<Record<string, LocalCapability>>;
  /** Capabilities that also answer as of an earlier instant; the others are refused there. */
  readonly pastCapabilities: Readonly<Record<string, PastCapability>>;
}

/**
 * Serves `services` under `service.capability`; passes every other request to `elsewhere`. What
 * they are given has no secrets, since most of it is stored.
 */
export function serveLocally(
  services: Readonly<Record<string, LocalService>>,
  elsewhere: RequestHandler,
  mask: Mask = new Mask({}),
): RequestHandler {
  const now = byAddress(services, ({ capabilities }) => capabilities);
  const past = byAddress(services, ({ pastCapabilities }) => pastCapabilities);
  return async (request) => {
    const { address, asOfMs } = request;
    const run = now.get(address);
    if (!run) return await elsewhere(request);
    const masked = { ...request, input: mask.json(request.input) };
    if (asOfMs === undefined) return await answer(run, masked);
    const runAt = past.get(address);
    if (!runAt) throw refusedAsOf(address, asOfMs);
    return await answer((input, caller) => runAt(input, caller, asOfMs), masked);
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
    }: it answers only for the present, ` +
      `or changes stored data; invoke it without as_of`,
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
