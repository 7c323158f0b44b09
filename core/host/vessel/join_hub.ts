/** Connects a host that does not share the threads' channel to the hub, and checks its frames. */

import type { Frame } from "../../bus/frame.ts";
import { fromThePast, toThePast } from "../../bus/past_gate.ts";
import { mayProcessSay } from "../../bus/process/frame.ts";
import type { VesselOptions } from "./vessel.ts";

/** `send` passes on what the host may hear. Returns the function that takes the host's frames. */
export function joinHub(
  { hub, daemon, address, agents, asOfMs }: VesselOptions,
  send: (frame: Frame) => void,
): (value: unknown) => void {
  const spoke = {
    send: (frame: Frame): void => {
      const heard = asOfMs === null ? frame : toThePast(frame, daemon, address);
      if (heard) send(heard);
    },
  };
  return hub.join(address, spoke, (frame) => {
    if (!mayProcessSay(frame, agents)) return undefined;
    return asOfMs === null ? frame : fromThePast(frame, daemon, asOfMs);
  });
}
