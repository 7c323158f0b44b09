/**
 * Large bodies between two endpoints. On the broadcast channel a large body costs about a hundred
 * times as much and holds up every thread, so it travels on a private way between the two
 * endpoints, which loses nothing. A small message on the channel announces it. Whichever of the two
 * arrives first waits for the other.
 */

import type { Message } from "./frame.ts";

/** Bodies of at least this many characters take the private way. */
export const bulkFrom = 4_096;
/** The largest body, in characters. */
export const bodyMax = 64 * 1024 * 1024;

/** A private way to one peer: ordered and lossless. */
export interface BulkWay {
  post(text: string): void;
  /** Sets the listener for what the peer posts. Called once. */
  listen(heard: (text: string) => void): void;
  close(): void;
}

/** A private way over a MessagePort whose other end the peer holds. */
export function bulkOverPort(port: MessagePort): BulkWay {
  return {
    post: (text) => port.postMessage(text),
    listen(heard) {
      port.onmessage = ({ data }) => {
        if (typeof data === "string") heard(data);
      };
    },
    close: () => port.close(),
  };
}

/**
 * One end of a private way: sends large bodies separately and joins arriving ones to their
 * messages.
 */
export class BulkExchange {
  readonly #way: BulkWay;
  readonly #bodies = new Map<number, string>();
  readonly #messages = new Map<number, Message>();
  #lastKey = 0;

  /** `deliver` is called with each message whose body arrived after it. */
  constructor(way: BulkWay, deliver: (message: Message) => void) {
    this.#way = way;
    way.listen((text) => {
      const cut = text.indexOf("\n");
      const key = Number(text.slice(0, cut));
      const message = this.#messages.get(key);
      this.#messages.delete(key);
      if (message) deliver(withBody(message, text.slice(cut + 1)));
      else this.#bodies.set(key, text.slice(cut + 1));
    });
  }

  /** Posts a large body and returns the message to send in its place; returns others unchanged. */
  announce(message: Message): Message {
    const body = bodyOf(message);
    if (body === undefined || body.length < bulkFrom) return message;
    const bulk = ++this.#lastKey;
    this.#way.post(`${bulk}\n${body}`);
    return { ...withBody(message, ""), bulk } as Message;
  }

  /** The whole message; undefined when its body has not arrived, and it is delivered later. */
  complete(message: Message): Message | undefined {
    const key = "bulk" in message ? message.bulk : undefined;
    if (key === undefined) return message;
    const body = this.#bodies.get(key);
    this.#bodies.delete(key);
    if (body !== undefined) return withBody(message, body);
    this.#messages.set(key, message);
    return undefined;
  }

  close(): void {
    this.#way.close();
  }
}

function bodyOf(message: Message): string | undefined {
  if (message.kind === "request") return message.input;
  return message.kind === "reply" ? message.output : undefined;
}

function withBody(message: Message, body: string): Message {
  if (message.kind === "request") return { ...message, input: body };
  return message.kind === "reply" ? { ...message, output: body } : message;
}
