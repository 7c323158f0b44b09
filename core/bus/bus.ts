/**
 * Requests with one answer each, and events, between the threads of a daemon.
 *
 * A request ends exactly once: with its reply, a failure, its deadline, its caller's cancel, or the
 * end of the host it went to. Nothing of it is kept afterwards, and whatever still arrives for it
 * is dropped and counted. An answer counts only if it comes from the endpoint that was asked.
 */

import { type AppError, fromErrorData } from "../errors.ts";
import { bodyMax, BulkExchange, type BulkWay } from "./bulk.ts";
import type { Channel } from "./channel.ts";
import { Deadlines } from "./deadlines.ts";
import { Endpoint, type EndpointCounts } from "./endpoint.ts";
import {
  abortError,
  closing,
  deadlineExceeded,
  eventBodyMax,
  eventsOverloaded,
  eventTooLarge,
  failureOf,
  inputTooLarge,
  notLabel,
  outputTooLarge,
  overloaded,
} from "./failures.ts";
import type { EventBudget } from "./event_budget.ts";
import { type EventRecord, isLabel, type Message } from "./frame.ts";

/** Open requests of one bus, by default; more are refused with `overloaded`. */
export const openRequestsMax = 131_072;
/** Characters of input over all open requests; more are refused with `overloaded`. */
export const openInputMax = 256 * 1024 * 1024;
/** Extra time for the caller's own cancel to arrive before the answering side gives up. */
const cancelGraceMs = 50;
/** Cancels remembered because they arrived before their request. */
const overtakenMax = 1_024;

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly caller?: string;
  /** The request sees what was public at this instant, in UTC milliseconds; absent: now. */
  readonly asOfMs?: number | undefined;
}

/** A request as the side that answers it sees it. */
export interface IncomingRequest {
  readonly address: string;
  /** JSON text. */
  readonly input: string;
  readonly caller: string;
  readonly timeoutMs: number;
  /** The request sees what was public at this instant, in UTC milliseconds; absent: now. */
  readonly asOfMs?: number | undefined;
  /** Aborted when the caller cancels or its deadline passes. */
  readonly signal: AbortSignal;
}

/** Resolves with JSON text, or rejects. */
export type RequestHandler = (request: IncomingRequest) => Promise<string>;

export interface BusEvent {
  readonly topic: string;
  readonly from: string;
  /** JSON text. */
  readonly body: string;
}

export interface BusOptions {
  readonly channel: Channel;
  readonly address: string;
  /** Answers the requests that arrive at this bus. */
  readonly onRequest: RequestHandler;
  /** Open requests of this bus; more are refused with `overloaded`. */
  readonly openMax?: number;
  /** Requests that it answers for one peer at a time; more are refused with `overloaded`. */
  readonly answeringMax?: number;
  /** Limits what this bus may publish. */
  readonly eventBudget?: EventBudget;
  /** Called with what a subscriber has thrown; the others hear the event all the same. */
  readonly onFault?: (thrown: unknown) => void;
  readonly onLost?: (publisher: string, count: number) => void;
}

export interface BusCounts extends EndpointCounts {
  /** Answers that arrived after their request had ended. */
  late: number;
}

interface Open {
  readonly to: string;
  readonly resolve: (output: string) => void;
  readonly reject: (error: AppError) => void;
  readonly address: string;
  readonly timeoutMs: number;
  /** The slot of its deadline, by which the deadline is removed. */
  readonly slot: number;
  readonly unlisten: () => void;
  readonly inputLength: number;
}

interface Answering {
  readonly abort: AbortController;
  readonly address: string;
  readonly timeoutMs: number;
  readonly slot: number;
}

interface Subscription {
  readonly topic: string;
  readonly handler: (event: BusEvent) => void;
}

export class Bus {
  readonly #endpoint: Endpoint;
  readonly #options: BusOptions;
  readonly #open = new Map<number, Open>();
  readonly #openDeadlines = new Deadlines<number>((id) => this.#expire(id));
  readonly #answering = new Map<string, Answering>();
  /** How many of them each peer has. */
  readonly #answeringOf = new Map<string, number>();
  readonly #answeringDeadlines = new Deadlines<string>((key) => this.#abortLate(key));
  readonly #overtaken = new Set<string>();
  readonly #subscriptions = new Set<Subscription>();
  readonly #bulk = new Map<string, BulkExchange>();
  #openInput = 0;
  #lastId = 0;
  #late = 0;
  #closed = false;

  constructor(options: BusOptions) {
    this.#options = options;
    this.#endpoint = new Endpoint({
      address: options.address,
      channel: options.channel,
      onMessage: (from, message) => this.#receive(from, message),
      onEvent: (event) => this.#hear(event),
      onLost: (publisher, count) => options.onLost?.(publisher, count),
    });
  }

  get counts(): BusCounts {
    return { ...this.#endpoint.counts, late: this.#late };
  }

  /** From now on, exchanges large bodies with `peer` over a private way instead of the channel. */
  attach(peer: string, way: BulkWay): void {
    this.#bulk.set(peer, new BulkExchange(way, (message) => this.#handle(peer, message)));
  }

  /**
   * Asks the endpoint `to`, which must be alive; resolves with JSON text.
   * @throws {AppError} the other side's error, `deadline_exceeded`, `cancelled`, `overloaded`,
   * `invalid_input` for an input over {@link bodyMax} characters, or `host_gone`.
   */
  request(to: string, address: string, input: string, options: RequestOptions): Promise<string> {
    const { timeoutMs, signal, caller = "daemon", asOfMs } = options;
    const { openMax = openRequestsMax } = this.#options;
    if (!isLabel(address)) return Promise.reject(notLabel("send the request", address));
    if (input.length > bodyMax) return Promise.reject(inputTooLarge(address, input));
    if (this.#open.size >= openMax || this.#openInput + input.length > openInputMax) {
      return Promise.reject(overloaded(address, this.#open.size));
    }
    if (signal?.aborted) return Promise.reject(abortError(signal, address));
    if (this.#closed) return Promise.reject(closing());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#giveUp(id, abortError(signal, address));
      const slot = this.#openDeadlines.add(id, timeoutMs);
      signal?.addEventListener("abort", onAbort);
      const unlisten = (): void => signal?.removeEventListener("abort", onAbort);
      const { length: inputLength } = input;
      this.#openInput += inputLength;
      this.#open.set(id, { to, resolve, reject, address, timeoutMs, slot, unlisten, inputLength });
      const request = { kind: "request", id, address, input, caller, timeoutMs } as const;
      this.#send(to, asOfMs === undefined ? request : { ...request, asOfMs });
    });
  }

  /**
   * Publishes to the subscribers of every thread, this one included.
   * @throws {AppError} `bad_request` for a body over {@link eventBodyMax} characters, `overloaded`
   * for more events than the bus may publish now.
   */
  publish(topic: string, body: string, from = "daemon"): void {
    if (!isLabel(topic)) throw notLabel("publish the event", topic);
    if (body.length > eventBodyMax) throw eventTooLarge(topic, body);
    const mayPublish = this.#options.eventBudget?.take(body.length) ?? true;
    if (!mayPublish || this.#endpoint.isFlooded) throw eventsOverloaded(topic);
    this.#hear(this.#endpoint.publish(topic, from, body));
  }

  /** Subscribes to a topic or a prefix (`execution.*`, `*`); returns the unsubscribe function. */
  subscribe(topic: string, handler: (event: BusEvent) => void): () => void {
    const subscription = { topic, handler };
    this.#subscriptions.add(subscription);
    this.#endpoint.hearsEvents = true;
    return () => {
      this.#subscriptions.delete(subscription);
      this.#endpoint.hearsEvents = this.#subscriptions.size > 0;
    };
  }

  /** Ends every request to or from an endpoint that has gone. */
  drop(address: string, error: AppError): void {
    this.#endpoint.drop(address);
    this.#bulk.get(address)?.close();
    this.#bulk.delete(address);
    for (const [id, open] of this.#open) {
      if (open.to === address) this.#end(id)?.reject(error);
    }
    this.#answeringOf.delete(address);
    for (const [key, { abort, slot }] of this.#answering) {
      if (!key.startsWith(`${address}#`)) continue;
      this.#answeringDeadlines.remove(key, slot);
      this.#answering.delete(key);
      abort.abort(error);
    }
  }

  close(): void {
    this.#closed = true;
    const error = closing();
    for (const id of [...this.#open.keys()]) this.#end(id)?.reject(error);
    for (const { abort } of this.#answering.values()) abort.abort(error);
    this.#answering.clear();
    this.#openDeadlines.close();
    this.#answeringDeadlines.close();
    for (const exchange of this.#bulk.values()) exchange.close();
    this.#bulk.clear();
    this.#endpoint.close();
  }

  #send(to: string, message: Message): void {
    this.#endpoint.send(to, this.#bulk.get(to)?.announce(message) ?? message);
  }

  #receive(from: string, message: Message): void {
    const exchange = this.#bulk.get(from);
    const whole = exchange ? exchange.complete(message) : message;
    if (whole) this.#handle(from, whole);
  }

  #handle(from: string, message: Message): void {
    switch (message.kind) {
      case "request":
        void this.#answer(from, message);
        break;
      case "reply":
        this.#settle(from, message.id, (open) => open.resolve(message.output));
        break;
      case "failure":
        this.#settle(from, message.id, (open) => open.reject(fromErrorData(message.error)));
        break;
      case "cancel":
        this.#cancel(`${from}#${message.id}`, fromErrorData(message.reason));
        break;
      default:
        // The endpoint handles replay and replayed itself.
        break;
    }
  }

  async #answer(from: string, request: Message & { kind: "request" }): Promise<void> {
    const { id, address, input, caller, timeoutMs, asOfMs } = request;
    const key = `${from}#${id}`;
    if (this.#overtaken.delete(key) || this.#answering.has(key)) return;
    const { answeringMax = Infinity } = this.#options;
    const answering = this.#answeringOf.get(from) ?? 0;
    if (answering >= answeringMax) return this.#refuse(from, id, overloaded(address, answering));
    this.#answeringOf.set(from, answering + 1);
    const abort = new AbortController();
    const slot = this.#answeringDeadlines.add(key, timeoutMs + cancelGraceMs);
    this.#answering.set(key, { abort, address, timeoutMs, slot });
    let answer: Message;
    try {
      const { signal } = abort;
      const incoming = { address, input, caller, timeoutMs, asOfMs, signal };
      const output = await this.#options.onRequest(incoming);
      if (output.length > bodyMax) throw outputTooLarge(address, output);
      answer = { kind: "reply", id, output };
    } catch (thrown) {
      answer = { kind: "failure", id, error: failureOf(thrown) };
    }
    this.#answeringDeadlines.remove(key, slot);
    // Missing when the caller's endpoint was dropped: nobody waits for this answer.
    if (!this.#answering.delete(key)) return;
    this.#answeringOf.set(from, (this.#answeringOf.get(from) ?? 1) - 1);
    this.#send(from, answer);
  }

  /** A peer that asks on and takes no answers gets none, for they would fill the memory. */
  #refuse(to: string, id: number, error: AppError): void {
    if (this.#endpoint.pendingTo(to) >= openRequestsMax) return;
    this.#send(to, { kind: "failure", id, error: failureOf(error) });
  }

  /** Its request may have been answered already, or may still arrive: lost once, then resent. */
  #cancel(key: string, reason: AppError): void {
    const answering = this.#answering.get(key);
    if (answering) return answering.abort.abort(reason);
    this.#overtaken.add(key);
    for (const oldest of this.#overtaken) {
      if (this.#overtaken.size <= overtakenMax) break;
      this.#overtaken.delete(oldest);
    }
  }

  #settle(from: string, id: number, settle: (open: Open) => void): void {
    const open = this.#open.get(id);
    if (!open || open.to !== from) {
      this.#late++;
      return;
    }
    this.#end(id);
    settle(open);
  }

  #expire(id: number): void {
    const open = this.#open.get(id);
    if (open) this.#giveUp(id, deadlineExceeded(open.address, open.timeoutMs));
  }

  /** The caller no longer waits, so the agent's handler is aborted. */
  #abortLate(key: string): void {
    const answering = this.#answering.get(key);
    answering?.abort.abort(deadlineExceeded(answering.address, answering.timeoutMs));
  }

  #giveUp(id: number, error: AppError): void {
    const open = this.#end(id);
    if (!open) return;
    this.#endpoint.send(open.to, { kind: "cancel", id, reason: failureOf(error) });
    open.reject(error);
  }

  #end(id: number): Open | undefined {
    const open = this.#open.get(id);
    if (!open) return undefined;
    this.#open.delete(id);
    this.#openInput -= open.inputLength;
    this.#openDeadlines.remove(id, open.slot);
    open.unlisten();
    return open;
  }

  #hear({ topic, from, body }: EventRecord): void {
    for (const subscription of this.#subscriptions) {
      if (!matches(subscription.topic, topic)) continue;
      try {
        subscription.handler({ topic, from, body });
      } catch (thrown) {
        this.#options.onFault?.(thrown);
      }
    }
  }
}

/** Whether `topic` equals the pattern, or starts with the prefix of a pattern that ends in `*`. */
export function matches(pattern: string, topic: string): boolean {
  return pattern.endsWith("*") ? topic.startsWith(pattern.slice(0, -1)) : topic === pattern;
}
