/**
 * Removes from a host what its agents must not have, before the first agent is imported: access to
 * the daemon's channel and to other threads, whatever would end the process or change it for all
 * agents, and the ability to listen in on the host's own traffic.
 *
 * It stops accidents, and most deliberate attempts. What a thread cannot prevent is described in
 * the documentation; for code you do not trust, use a process.
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
 * The objects that messages pass through. An agent can import the host's own modules, since they
 * are already loaded, so their classes are shared like built-in ones.
 */
const guarded: readonly object[] = [
  ...[Bus, Endpoint, Link, BulkExchange, Deadlines, EventRing, EventTail, AgentRunner],
  ...[EventTarget, MessagePort, BroadcastChannel, AbortSignal, AbortController],
  ...[Event, MessageEvent],
  ...[TextEncoder, TextDecoder, Uint8Array, Object.getPrototypeOf(Uint8Array) as typeof Uint8Array],
  ...[Map, Set, Promise, Array, String, Number, Boolean],
].flatMap((type) => [type, type.prototype as object]);

/** Built-ins without instances, and the prototypes of iterators. */
const guardedToo: readonly object[] = [
  ...[JSON, Math, Reflect, Date, Object],
  ...[[], new Map(), new Set()].map((all) => Object.getPrototypeOf(all[Symbol.iterator]())),
  Iterator.prototype,
  Object.getPrototypeOf(function* () {}).prototype,
];

/**
 * Nearly everything inherits from these and may define its own `toString`, so they cannot be
 * frozen. Preventing extensions keeps agents from adding `toJSON` or `then` to every object.
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
  // Internals of the runtime, such as promise hooks and resources by number.
  Reflect.deleteProperty(Deno, Reflect.get(Deno, "internal") as symbol);
  // It writes to a disk cache shared by all agents and needs no permission.
  hide("caches");
  for (const name of ["postMessage", "onmessage", "onmessageerror"]) {
    if (name in globalThis) hide(name); // only threads have them
  }
  refuseWhatTouchesAll();
  letInstancesDiffer(MessagePort.prototype);
  for (const target of [...guarded, ...guardedToo]) Object.freeze(target);
  for (const target of inherited) Object.preventExtensions(target);
  // Its first call replaces the global, so make that call before globals are pinned.
  queueMicrotask(() => undefined);
  for (const name of Object.getOwnPropertyNames(globalThis)) pin(name);
}

/** Becomes the parent of a class, so that `super()` throws, wherever the class is imported from. */
class Refused {
  constructor() {
    throw refusal("open a channel or start a thread", "only the daemon may do that");
  }
}

/** Refuses calls that would end the host or the process, or change it for all agents. */
function refuseWhatTouchesAll(): void {
  const shared = "other agents share its host";
  const exit = (): never => {
    throw refusal("exit", shared);
  };
  replace(Deno, "exit", exit);
  replace(globalThis, "close", exit);
  for (const name of ["exit", "abort", "reallyExit"]) replace(process, name, exit);
  // The `exit` that node:process exports starts by setting this.
  Object.defineProperty(process, "_exiting", { get: () => false, set: exit });
  // Killing the own process needs no permission.
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
  // A schedule that never comes due aborts the whole process.
  replace(Deno, "cron", () => {
    throw refusal("start a cron", "schedules belong in workflow files");
  });
}

/** The runtime assigns methods to new ports, which a frozen prototype would forbid. */
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

/** Makes a global read-only, so that no agent can replace it for its neighbours. */
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
