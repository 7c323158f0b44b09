/** Admits a host to the hub: what it sends is checked there, and in the past limited to it. */

import type { Frame } from "../../bus/frame.ts";
import { Gate } from "../../bus/gate.ts";
import { fromThePast, toThePast } from "../../bus/past_gate.ts";
import { AppError } from "../../errors.ts";
import { mayAgentPublish } from "../manifest/manifest.ts";
import type { VesselOptions } from "./vessel.ts";

/**
 * `send` passes on what the host may hear; without it the host is on the broadcast. Returns the
 * function that takes the host's frames. A frame that no honest host sends ends the host.
 */
export function joinHub(
  { hub, daemon, address, agents, asOfMs, hearsEvents, onEnd }: VesselOptions,
  send?: (frame: Frame) => void,
): (frame: Frame) => void {
  const gate = new Gate({ agents, mayPublish: mayAgentPublish });
  const admit = (sent: Frame): Frame | undefined => {
    try {
      gate.check(sent);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      hub.leave(address);
      onEnd(thrown.message);
      return undefined;
    }
    return asOfMs === null ? sent : fromThePast(sent, daemon, asOfMs);
  };
  if (!send) return hub.join(address, admit);
  return hub.join(address, admit, {
    hearsEvents: hearsEvents && asOfMs === null,
    send: (frame) => {
      const heard = asOfMs === null ? frame : toThePast(frame, daemon, address);
      if (heard) send(heard);
    },
  });
}
