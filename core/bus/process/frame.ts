/**
 * What a process may send on the bus. Its agents can write to its pipe and bypass everything that
 * confines them in their host, so each frame is checked here: it must be well formed in all its
 * parts, ask only in the name of its own agents, and publish nothing in the daemon's name.
 */

import { isErrorData } from "../../errors.ts";
import type { EventRecord, Frame, Message } from "../frame.ts";

type Unchecked<Type> = Partial<Record<keyof Type, unknown>>;

/** Whether a frame from the process in which `agents` live may be passed on. */
export function mayProcessSay(frame: Frame, agents: ReadonlySet<string>): boolean {
  return isCount(frame.ack) && isCount(frame.eventSeq) &&
    frame.seqs.every(isCount) && frame.beyond.every(isCount) &&
    frame.events.every((event) => mayPublish(event, agents)) &&
    frame.messages.every((message) => maySend(message, agents));
}

function maySend(message: Unchecked<Message> | null, agents: ReadonlySet<string>): boolean {
  if (typeof message !== "object" || message === null) return false;
  // The cases below check each kind by its keys.
  const all = message as Readonly<Record<string, unknown>>;
  if ("bulk" in all && !isCount(all["bulk"])) return false;
  switch (message.kind) {
    case "request":
      return isCount(all["id"]) && typeof all["address"] === "string" &&
        typeof all["input"] === "string" && agents.has(String(all["caller"])) &&
        typeof all["timeoutMs"] === "number" && all["timeoutMs"] > 0 &&
        (all["asOfMs"] === undefined || isInstant(all["asOfMs"]));
    case "reply":
      return isCount(all["id"]) && typeof all["output"] === "string";
    case "failure":
      return isCount(all["id"]) && isErrorData(all["error"]);
    case "cancel":
      return isCount(all["id"]) && isErrorData(all["reason"]);
    case "replay":
      return isCount(all["after"]) && isCount(all["upTo"]);
    case "replayed":
      return isCount(all["lostUpTo"]) && Array.isArray(all["events"]) &&
        all["events"].every((event: unknown) => mayPublish(event, agents));
    default:
      return false;
  }
}

function mayPublish(value: unknown, agents: ReadonlySet<string>): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { seq, topic, from, body } = value as Unchecked<EventRecord>;
  return isCount(seq) && typeof topic === "string" && typeof body === "string" &&
    agents.has(String(from));
}

/** A valid Date value in milliseconds; it may be before 1970. */
function isInstant(value: unknown): boolean {
  return Number.isSafeInteger(value) && Math.abs(Number(value)) <= 8.64e15;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
