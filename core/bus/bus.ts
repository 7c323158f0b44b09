/**
 * Requests with one answer each, and events, between the threads of a daemon.
 *
 * A request ends exactly once: with its reply, a failure, its deadline, its caller's cancel, or the
 * end of the host it went to. Nothing of it is kept afterwards, and whatever still arrives for it
 * is dropped and counted. An answer counts only if it comes from the endpoint that was asked.
 */

import { AppError, type ErrorData, fromErrorData, messageOf, toErrorData } from "../errors.ts";
import { bodyMax, BulkExchange, type BulkWay } from "./bulk.ts";
import type { Channel } from "./channel.ts";
import { Deadlines } from "./deadlines.ts";
import { Endpoint, type EndpointCounts } from "./endpoint.ts";
import type { EventRecord, Message } from "./frame.ts";

/** Open requests of one bus, by default; more are refused with `overloaded`. */
export const openRequestsMax = 131_072;
/** Characters of input over all open requests; more are refused with `overloaded`. */
export const openInputMax = 256 * 1024 * 1024;
/** Characters of an event's body. Events reach every thread, so large data belongs in the store. */
export const eventBodyMax = 64 * 1024;
/** Characters kept of a failure's message, and of its details. */
const failureTextMax = 16 * 1024;
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
   * for more events than one turn may publish.
   */
  publish(topic: string, body: string, from = "daemon"): void {
    if (body.length > eventBodyMax) throw eventTooLarge(topic, body);
    if (this.#endpoint.isFlooded) throw eventsOverloaded(topic);
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
    if (this.#overtaken.delete(key)) return;
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
    if (this.#answering.delete(key)) this.#send(from, answer);
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
      if (matches(subscription.topic, topic)) subscription.handler({ topic, from, body });
    }
  }
}

/** Whether `topic` equals the pattern, or starts with the prefix of a pattern that ends in `*`. */
export function matches(pattern: string, topic: string): boolean {
  return pattern.endsWith("*") ? topic.startsWith(pattern.slice(0, -1)) : topic === pattern;
}

/** A thrown value in a form that can travel: shortened, details replaced if they are not JSON. */
function failureOf(thrown: unknown): ErrorData {
  const { code, message, details } = toErrorData(thrown, "agent_error");
  const { length } = message;
  const error = length <= failureTextMax
    ? { code, message }
    : { code, message: `${message.slice(0, failureTextMax)}… (${length} characters)` };
  try {
    const text = JSON.stringify(details) as string | undefined;
    if (text === undefined) return error;
    if (text.length > failureTextMax) return { ...error, details: { characters: text.length } };
    return { ...error, details: JSON.parse(text) as unknown };
  } catch (notJson) {
    return { ...error, details: { not_json: messageOf(notJson) } };
  }
}

/** The reason a caller's signal was aborted with: its own request's deadline or cancel. */
export function abortError(signal: AbortSignal | undefined, address: string): AppError {
  if (signal?.reason instanceof AppError) return signal.reason;
  return new AppError("cancelled", `Cannot finish request "${address}": its caller cancelled it`);
}

function closing(): AppError {
  return new AppError("cancelled", "Cannot finish the request: the bus is closing");
}

/** The error of a request that was not answered in time. */
export function deadlineExceeded(address: string, timeoutMs: number): AppError {
  return new AppError(
    "deadline_exceeded",
    `Cannot finish request "${address}": no answer within ${timeoutMs / 1_000} s; ` +
      `raise its timeout or look at the agent's log`,
    { details: { address, timeout_ms: timeoutMs } },
  );
}

function overloaded(address: string, open: number): AppError {
  return new AppError(
    "overloaded",
    `Cannot send request "${address}": ${open} requests are open; try again later`,
  );
}

function eventsOverloaded(topic: string): AppError {
  return new AppError(
    "overloaded",
    `Cannot publish "${topic}": too many events are queued; publish fewer between awaits`,
  );
}

function inputTooLarge(address: string, { length }: string): AppError {
  return new AppError(
    "invalid_input",
    `Cannot send request "${address}": its input has ${length} characters, over ${bodyMax}`,
  );
}

function outputTooLarge(address: string, { length }: string): AppError {
  return new AppError(
    "invalid_output",
    `Cannot finish request "${address}": its output has ${length} characters, over ${bodyMax}`,
  );
}

function eventTooLarge(topic: string, { length }: string): AppError {
  return new AppError(
    "bad_request",
    `Cannot publish "${topic}": its body has ${length} characters, over ${eventBodyMax}; ` +
      `store the data and publish where it is`,
  );
}
