/**
 * What the daemon accepts from a host. An agent may get past everything that confines it in its
 * host, so each frame is checked here: it must be well formed in all its parts, ask only in the
 * name of the host's agents, publish nothing in the daemon's name, and no more than its share. A
 * frame that an honest host never sends ends the host.
 */

import { AppError, isErrorData } from "../errors.ts";
import { bodyMax } from "./bulk.ts";
import { EventBudget } from "./event_budget.ts";
import { type EventRecord, type Frame, isLabel, type Message } from "./frame.ts";

/**
 * How much more than its share an honest host may seem to publish: what was lost is sent twice, and
 * its clock differs.
 */
const slack = 2;

type Unchecked<Type> = Partial<Record<keyof Type, unknown>>;

export interface GateOptions {
  /** Ids of the agents that live in the host. */
  readonly agents: ReadonlySet<string>;
  /** Whether agents may publish under the topic. */
  readonly mayPublish: (topic: string) => boolean;
}

export class Gate {
  readonly #options: GateOptions;
  readonly #events = new EventBudget(slack);

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** @throws {AppError} `host_gone` for a frame that an honest host does not send. */
  check(frame: Frame): void {
    const isSound = isCount(frame.ack) && isCount(frame.eventSeq) &&
      frame.seqs.every(isCount) && frame.beyond.every(isCount) &&
      frame.messages.every((message) => this.#maySend(message));
    if (!isSound) throw violation("sent a malformed message");
    this.#checkEvents(frame.events);
  }

  #maySend(message: Unchecked<Message> | null): boolean {
    if (typeof message !== "object" || message === null) return false;
    // The cases below check each kind by its keys.
    const all = message as Readonly<Record<string, unknown>>;
    if (!isBulk(all["bulk"])) return false;
    switch (message.kind) {
      case "request":
        return isCount(all["id"]) && isLabel(all["address"]) && isBody(all["input"]) &&
          this.#options.agents.has(String(all["caller"])) && isTimeout(all["timeoutMs"]) &&
          (all["asOfMs"] === undefined || isInstant(all["asOfMs"]));
      case "reply":
        return isCount(all["id"]) && isBody(all["output"]);
      case "failure":
        return isCount(all["id"]) && isErrorData(all["error"]);
      case "cancel":
        return isCount(all["id"]) && isErrorData(all["reason"]);
      case "replay":
        return isCount(all["after"]) && isCount(all["upTo"]);
      case "replayed":
        if (!isCount(all["lostUpTo"]) || !Array.isArray(all["events"])) return false;
        this.#checkEvents(all["events"]);
        return true;
      default:
        return false;
    }
  }

  #checkEvents(events: readonly (Unchecked<EventRecord> | null)[]): void {
    for (const event of events) {
      const { seq, topic, from, body } = event ?? {};
      const isSound = isCount(seq) && isLabel(topic) && isBody(body) &&
        this.#options.agents.has(String(from));
      if (!isSound) throw violation("sent a malformed event");
      if (!this.#options.mayPublish(topic)) throw violation(`published "${topic}"`);
      if (!this.#events.take(body.length)) throw violation("published more than its share");
    }
  }
}

function isBulk(value: unknown): boolean {
  return value === undefined ||
    Array.isArray(value) && value.length === 2 && value.every(isCount) &&
      Number(value[1]) <= bodyMax;
}

function isBody(value: unknown): value is string {
  return typeof value === "string";
}

function isTimeout(value: unknown): boolean {
  return typeof value === "number" && value > 0;
}

/** A valid Date value in milliseconds; it may be before 1970. */
function isInstant(value: unknown): boolean {
  return Number.isSafeInteger(value) && Math.abs(Number(value)) <= 8.64e15;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function violation(what: string): AppError {
  return new AppError("host_gone", `it ${what}, which no agent may do`);
}
