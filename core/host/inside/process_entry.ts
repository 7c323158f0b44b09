/**
 * The fixed entry of a host in a process. Frames, commands and bodies come through one socket, and
 * the process ends with it. What agents print goes to the standard streams, which the daemon reads.
 */

import { Socket } from "node:net";
import type { Frame } from "../../bus/frame.ts";
import { Pipe, pipeDescriptor } from "../../bus/process/pipe.ts";
import type { HostCommand } from "../control.ts";
import { HostInside } from "./host_inside.ts";

// Bound before an agent can replace it.
const exit = Deno.exit.bind(Deno);
let frameHeard: (frame: Frame) => void = () => undefined;
let bulkHeard: (text: string) => void = () => undefined;

const socket = new Socket({ fd: pipeDescriptor, readable: true, writable: true });
const pipe: Pipe = new Pipe(socket, {
  frame: (frame) => frameHeard(frame),
  control: (command) => inside.take(command as HostCommand, () => connection),
  bulk: (text) => bulkHeard(text),
  ended: () => exit(0),
});
const connection = {
  channel: {
    post: (frame: Frame) => pipe.sendFrame(frame),
    listen: (heard: (frame: Frame) => void) => void (frameHeard = heard),
    close: () => pipe.close(),
  },
  bulk: {
    post: (text: string) => pipe.sendBulk(text),
    listen: (heard: (text: string) => void) => void (bulkHeard = heard),
    close: () => undefined,
  },
};
const inside = new HostInside((report) => pipe.sendControl(report));
