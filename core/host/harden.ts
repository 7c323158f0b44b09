/**
 * Takes from a host's globals what its agents must not have, before the first of them is imported:
 * the way to open a channel, and the prototypes through which the bus's own could be listened in
 * on. What a determined agent could still do in a thread is in the README; a process is the
 * boundary for code one does not trust.
 */

import workerThreads from "node:worker_threads";
import { AppError } from "../errors.ts";

/** Prototypes the host's own traffic runs through, and nobody inherits from by accident. */
const guarded: readonly object[] = [
  EventTarget,
  EventTarget.prototype,
  Event.prototype,
  MessageEvent.prototype,
  MessagePort.prototype,
  BroadcastChannel.prototype,
  AbortSignal.prototype,
  AbortController.prototype,
  Map.prototype,
  Set.prototype,
  Promise,
  Promise.prototype,
  JSON,
];

/** Called once, after the host has opened its channel. */
export function harden(): void {
  for (const target of guarded) Object.freeze(target);
  Reflect.deleteProperty(globalThis, "BroadcastChannel");
  Reflect.deleteProperty(workerThreads, "BroadcastChannel");
  Reflect.set(workerThreads, "parentPort", null);
  for (const name of ["postMessage", "onmessage", "onmessageerror"]) hide(name);
  // It would end the host under all its agents, without a sign.
  Deno.exit = (): never => {
    throw new AppError("agent_error", "Cannot exit: an agent lives in a host that others share");
  };
}

function hide(name: string): void {
  Object.defineProperty(globalThis, name, { value: undefined, writable: false });
}
