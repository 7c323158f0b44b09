/** Bodies of events as the daemon's thread gets them: from its own engine, and from any agent. */

import type { BusEvent } from "../../bus/bus.ts";

/** Undefined where the body is no JSON: a hostile agent can publish any text. */
export function bodyOf({ body }: BusEvent): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
