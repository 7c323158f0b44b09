/**
 * Frames as text, for the broadcast: a string crosses threads in a fraction of the time that the
 * objects of a frame take. First comes a line of JSON, then the bodies of the requests and replies,
 * unquoted and one after the other.
 *
 * The line is one flat array, because nearly every frame holds one short message and each nested
 * array or object would take as long as all the rest. It holds `from, to, ack, eventSeq, beyond,
 * events` (0 for an empty list), then the parts of each message, which begin with its sequence
 * number and its kind.
 */

import { type Bulk, type Frame, isFrame, type Message } from "./frame.ts";

/** Kinds of message in the line. `other` messages are stored whole. */
const kinds = { request: 0, reply: 1, other: 2 } as const;
const headParts = 6;
const requestParts = 9;
const replyParts = 5;
const otherParts = 3;

export function encodeFrame(frame: Frame): string {
  const { from, to, ack, eventSeq, seqs, messages, beyond, events } = frame;
  const parts: unknown[] = [from, to, ack, eventSeq, orZero(beyond), orZero(events)];
  let bodies = "";
  for (const [index, message] of messages.entries()) {
    parts.push(seqs[index]);
    bodies += addParts(parts, message);
  }
  return `${JSON.stringify(parts)}\n${bodies}`;
}

/** The frame encoded in `text`; undefined for anything else on the channel. */
export function decodeFrame(text: unknown): Frame | undefined {
  if (typeof text !== "string") return undefined;
  const lineEnd = text.indexOf("\n");
  const parts = parseLine(text.slice(0, lineEnd));
  if (!Array.isArray(parts) || parts.length < headParts) return undefined;
  const [from, to, ack, eventSeq, beyond, events] = parts as readonly unknown[];
  const read = readMessages(parts, text, lineEnd + 1);
  if (!read) return undefined;
  const { seqs, messages } = read;
  const frame = {
    from,
    to,
    ack,
    eventSeq,
    seqs,
    messages,
    beyond: orEmpty(beyond),
    events: orEmpty(events),
  };
  return isFrame(frame) ? frame : undefined;
}

/** Appends the parts of a message; returns its body. */
function addParts(parts: unknown[], message: Message): string {
  switch (message.kind) {
    case "request": {
      const { id, address, input, caller, timeoutMs, bulk = null, asOfMs = null } = message;
      parts.push(kinds.request, input.length, id, address, caller, timeoutMs, bulk, asOfMs);
      return input;
    }
    case "reply":
      parts.push(kinds.reply, message.output.length, message.id, message.bulk ?? null);
      return message.output;
    default:
      parts.push(kinds.other, message);
      return "";
  }
}

interface ReadMessages {
  readonly seqs: readonly number[];
  readonly messages: readonly Message[];
}

/** Undefined when the line or the bodies have the wrong length. */
function readMessages(
  parts: readonly unknown[],
  text: string,
  bodiesAt: number,
): ReadMessages | undefined {
  const seqs: number[] = [];
  const messages: Message[] = [];
  let bodyAt = bodiesAt;
  let at = headParts;
  while (at < parts.length) {
    seqs.push(parts[at] as number);
    const kind = parts[at + 1];
    if (kind === kinds.other) {
      messages.push(parts[at + 2] as Message);
      at += otherParts;
      continue;
    }
    const end = bodyAt + Number(parts[at + 2]);
    const body = text.slice(bodyAt, end);
    bodyAt = end;
    messages.push(kind === kinds.request ? request(parts, at, body) : reply(parts, at, body));
    at += kind === kinds.request ? requestParts : replyParts;
  }
  return at === parts.length && bodyAt === text.length ? { seqs, messages } : undefined;
}

function request(parts: readonly unknown[], at: number, input: string): Message {
  const message: Message = {
    kind: "request",
    id: parts[at + 3] as number,
    address: parts[at + 4] as string,
    input,
    caller: parts[at + 5] as string,
    timeoutMs: parts[at + 6] as number,
  };
  const bulk = parts[at + 7] as Bulk | null;
  const asOfMs = parts[at + 8] as number | null;
  if (bulk === null && asOfMs === null) return message;
  return {
    ...message,
    ...(bulk === null ? {} : { bulk }),
    ...(asOfMs === null ? {} : { asOfMs }),
  };
}

function reply(parts: readonly unknown[], at: number, output: string): Message {
  const message: Message = { kind: "reply", id: parts[at + 3] as number, output };
  const bulk = parts[at + 4] as Bulk | null;
  return bulk === null ? message : { ...message, bulk };
}

/** A number is cheaper to encode than an empty list. */
function orZero<Item>(list: readonly Item[]): readonly Item[] | 0 {
  return list.length === 0 ? 0 : list;
}

function orEmpty(list: unknown): unknown {
  return list === 0 ? [] : list;
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // not a frame of ours
  }
}
