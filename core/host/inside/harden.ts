/**
 * Takes from a host what its agents must not have, before the first of them is imported: the ways
 * to the daemon's channel and to other threads, what would end the process or change it for all,
 * and the objects that the host's own traffic runs through and could be listened in on by.
 *
 * It holds against what an agent does by mistake, and against most of what it does on purpose. What
 * it can't hold against in a thread is in the README; a process is the boundary for code that one
 * does not trust.
 */

import process from "node:process";
import workerThreads from "node:worker_threads";
import { BulkExchange } from "../../bus/bulk.ts";
import { Bus } from "../../bus/bus.ts";
import { Deadlines } from "../../bus/deadlines.ts";
import { Endpoint } from "../../bus/endpoint.ts";
import { EventRing, EventTail } from "../../bus/events.ts";
import { Link } from "../../bus/link.ts";
import { AppError } from "../../errors.ts";
import { AgentRunner } from "./agent_runner.ts";
import { guardModules } from "./module_guard.ts";

/**
 * What messages pass through on their way. An agent can import the host's own modules, for they
 * are loaded already: their classes are shared like the built-in ones.
 */
const guarded: readonly object[] = [
  ...[Bus, Endpoint, Link, BulkExchange, Deadlines, EventRing, EventTail, AgentRunner],
  ...[EventTarget, MessagePort, BroadcastChannel, AbortSignal, AbortController],
  ...[Event, MessageEvent],
  ...[TextEncoder, TextDecoder, Uint8Array, Object.getPrototypeOf(Uint8Array) as typeof Uint8Array],
  ...[Map, Set, Promise, Array, String, Number, Boolean],
].flatMap((type) => [type, type.prototype as object]);

/** Built-ins without instances, and what a `for … of` asks. */
const guardedToo: readonly object[] = [
  ...[JSON, Math, Reflect, Date, Object],
  ...[[], new Map(), new Set()].map((all) => Object.getPrototypeOf(all[Symbol.iterator]())),
  Iterator.prototype,
  Object.getPrototypeOf(function* () {}).prototype,
];

/**
 * Nearly everything inherits from these, and may have its own `toString`: they can't be frozen, but
 * no `toJSON` or `then` can be slipped under all objects.
 */
const inherited: readonly object[] = [Object.prototype, Function.prototype];

/** Called once, after the host has opened its channel. */
export function harden(): void {
  for (const way of [BroadcastChannel, Worker, workerThreads.Worker]) {
    Object.setPrototypeOf(way, Refused);
    Object.freeze(way);
  }
  Reflect.deleteProperty(globalThis, "BroadcastChannel");
  Reflect.deleteProperty(workerThreads, "BroadcastChannel");
  Reflect.set(workerThreads, "parentPort", null);
  // The runtime's own parts: promise hooks, resources by number.
  Reflect.deleteProperty(Deno, Reflect.get(Deno, "internal") as symbol);
  // It writes to the disk, for all, and asks for no permission.
  hide("caches");
  for (const name of ["postMessage", "onmessage", "onmessageerror"]) {
    if (name in globalThis) hide(name); // only a thread has them
  }
  refuseWhatTouchesAll();
  letInstancesDiffer(MessagePort.prototype);
  for (const target of [...guarded, ...guardedToo]) Object.freeze(target);
  for (const target of inherited) Object.preventExtensions(target);
  // Its first call puts another in its place.
  queueMicrotask(() => undefined);
  for (const name of Object.getOwnPropertyNames(globalThis)) pin(name);
}

/** Stands where a class's parent was: `super()` ends here, wherever the class was imported from. */
class Refused {
  constructor() {
    throw refusal("open a channel or start a thread", "threads and channels are the daemon's");
  }
}

/** What ends the host or the process under all its agents, or changes it for all of them. */
function refuseWhatTouchesAll(): void {
  const shared = "an agent lives in a host that others share";
  const exit = (): never => {
    throw refusal("exit", shared);
  };
  replace(Deno, "exit", exit);
  replace(globalThis, "close", exit);
  for (const name of ["exit", "abort", "reallyExit"]) replace(process, name, exit);
  // `exit` as node:process exports it begins by setting this.
  Object.defineProperty(process, "_exiting", { get: () => false, set: exit });
  // They need no permission to kill the process that they are in.
  for (const [target, name] of [[Deno, "kill"], [process, "_kill"]] as const) {
    const kill = Reflect.get(target, name) as (pid: number, signal: unknown) => unknown;
    replace(target, name, (pid: number, signal: unknown) => {
      return Number(pid) === Deno.pid || Number(pid) <= 0 ? exit() : kill(pid, signal);
    });
  }
  guardModules((name) => () => {
    throw refusal(`call ${name}`, shared);
  });
  replace(Deno, "chdir", () => {
    throw refusal("change the working directory", shared);
  });
  // A schedule that never comes due ends the whole process.
  replace(Deno, "cron", () => {
    throw refusal("start a cron", "a schedule belongs in a workflow");
  });
}

/** The runtime gives new ports methods of their own by assignment, which frozen ones forbid. */
function letInstancesDiffer(prototype: object): void {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (typeof value !== "function") continue;
    Object.defineProperty(prototype, name, {
      get: () => value as unknown,
      set(this: object, own: unknown) {
        Object.defineProperty(this, name, { value: own, writable: true, configurable: true });
      },
    });
  }
}

function refusal(what: string, why: string): AppError {
  return new AppError("agent_error", `Cannot ${what}: ${why}`);
}

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: false, writable: false });
}

function hide(name: string): void {
  replace(globalThis, name, undefined);
}

/** Keeps a global as it is: an agent that replaced it would take it from its neighbours. */
function pin(name: string): void {
  const found = Object.getOwnPropertyDescriptor(globalThis, name);
  if (!found?.configurable) return;
  const fixed = "value" in found ? { writable: false } : { set: undefined };
  Object.defineProperty(globalThis, name, {
    ...found,
    ...fixed,
    configurable: false,
  } as PropertyDescriptor);
}
