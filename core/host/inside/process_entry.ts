/**
 * The main thread of a process host. It runs no agent: it starts the same worker as a thread host,
 * forwards frames, commands and bodies, and ends the process when its input ends. So the process
 * ends with the daemon, whatever its agents are doing.
 */

import { Pipe } from "../../bus/process/pipe.ts";
import type { HostCommand, HostReport } from "../control.ts";
import type { ProcessSetup } from "../vessel/process_vessel.ts";
import { spawnWorker } from "../vessel/thread_vessel.ts";

const frames = new MessageChannel();
const bulk = new MessageChannel();
let worker: Worker | undefined;

const pipe = new Pipe(Deno.stdin.readable, Deno.stdout.writable, {
  frame: (frame) => frames.port1.postMessage(frame),
  control: (message) => {
    if (worker) command(worker, message as HostCommand);
    else worker = start(message as ProcessSetup);
  },
  bulk: (text) => bulk.port1.postMessage(text),
  ended: () => Deno.exit(0),
});
frames.port1.onmessage = ({ data }) => pipe.sendFrame(data);
bulk.port1.onmessage = ({ data }) => pipe.sendBulk(String(data));

function start({ address, grants, readable }: ProcessSetup): Worker {
  const started = spawnWorker(address, grants, readable);
  started.onmessage = ({ data }: MessageEvent<HostReport>) => pipe.sendControl(data);
  // The process is useless without its worker; the exit reports that to the daemon.
  started.onerror = () => Deno.exit(1);
  return started;
}

function command(worker: Worker, message: HostCommand): void {
  const ports = message.kind === "open" ? [bulk.port2, frames.port2] : [];
  worker.postMessage(message, ports);
}
