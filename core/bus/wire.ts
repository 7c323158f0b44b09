/**
 * Frames as text, for the broadcast: a string crosses threads in a fraction of the time that the
 * objects of a frame take. A line of JSON comes first, then the bodies of the requests and replies
 * as they are, one after the other, without being quoted and read again.
 */

import { type Frame, isFrame, type Message } from "./frame.ts";

/** A message in the line; `length` characters of body stand for it after the line. */
type Cut = CutRequest | CutReply;
type CutRequest = readonly [
  kind: "request",
  length: number,
  id: number,
  address: string,
  caller: string,
  timeoutMs: number,
  bulk: number | null,
];
type CutReply = readonly [kind: "reply", length: number, id: number, bulk: number | null];

export function encodeFrame(frame: Frame): string {
  const { from, to, ack, eventSeq, seqs, messages, beyond, events } = frame;
  const cuts = messages.map(cutBody);
  const line = JSON.stringify([from, to, ack, eventSeq, seqs, cuts, beyond, events]);
  return messages.reduce((text, message) => text + bodyOf(message), `${line}\n`);
}

/** The frame of a text; undefined for anything else that is heard on the channel. */
export function decodeFrame(text: unknown): Frame | undefined {
  if (typeof text !== "string") return undefined;
  const lineEnd = text.indexOf("\n");
  const parts = parseLine(text.slice(0, lineEnd));
  if (!Array.isArray(parts) || !Array.isArray(parts[5])) return undefined;
  const [from, to, ack, eventSeq, seqs, cuts, beyond, events] = parts;
  let bodyAt = lineEnd + 1;
  const messages = (cuts as unknown[]).map((part) => {
    if (!Array.isArray(part)) return part;
    const cut = part as unknown as Cut;
    const body = text.slice(bodyAt, bodyAt + cut[1]);
    bodyAt += cut[1];
    return joinBody(cut, body);
  });
  const frame = { from, to, ack, eventSeq, seqs, messages, beyond, events };
  return isFrame(frame) ? frame : undefined;
}

function cutBody(message: Message): Cut | Message {
  switch (message.kind) {
    case "request": {
      const { id, address, input, caller, timeoutMs, bulk = null } = message;
      return ["request", input.length, id, address, caller, timeoutMs, bulk];
    }
    case "reply":
      return ["reply", message.output.length, message.id, message.bulk ?? null];
    default:
      return message;
  }
}

function joinBody(cut: Cut, body: string): Message {
  if (cut[0] === "reply") {
    const [kind, , id, bulk] = cut;
    return bulk === null ? { kind, id, output: body } : { kind, id, output: body, bulk };
  }
  const [kind, , id, address, caller, timeoutMs, bulk] = cut;
  const request: Message = { kind, id, address, input: body, caller, timeoutMs };
  return bulk === null ? request : { ...request, bulk };
}

function bodyOf(message: Message): string {
  if (message.kind === "request") return message.input;
  return message.kind === "reply" ? message.output : "";
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // not ours
  }
}
