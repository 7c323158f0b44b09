/**
 * Large bodies between two endpoints. On the broadcast they would cost a hundred times as much and
 * hold up every thread, so they travel on a private way of the two, which loses nothing, and the
 * message that announces them goes over the channel. Whichever comes first waits for the other.
 */

import type { Message } from "./frame.ts";

/** From here on, in characters, a body takes the private way. */
export const bulkFrom = 4_096;
/** The largest body, in characters. */
export const bodyMax = 64 * 1024 * 1024;

/** A private way to one peer, in order and without loss. */
export interface BulkWay {
  post(text: string): void;
  /** Who hears what the peer posts. Called once. */
  listen(heard: (text: string) => void): void;
  close(): void;
}

/** A way over a MessagePort, whose other end the peer has. */
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

/** One end of a private way: sends bodies ahead of their messages and puts them together again. */
export class BulkExchange {
  readonly #way: BulkWay;
  readonly #bodies = new Map<number, string>();
  readonly #messages = new Map<number, Message>();
  #lastKey = 0;

  /** `deliver` is called with a message whose body has come. */
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

  /** The message to send in place of one with a large body, whose body is on its way. */
  announce(message: Message): Message {
    const body = bodyOf(message);
    if (body === undefined || body.length < bulkFrom) return message;
    const bulk = ++this.#lastKey;
    this.#way.post(`${bulk}\n${body}`);
    return { ...withBody(message, ""), bulk } as Message;
  }

  /** The whole message; undefined when its body has not come, and it will be delivered then. */
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
