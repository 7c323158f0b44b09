/**
 * Large bodies between two endpoints. On the broadcast channel a large body costs about a hundred
 * times as much and holds up every thread, so it travels on a private way between the two
 * endpoints, which loses nothing. A small message on the channel announces it; the receiver asks
 * for it when it has room. So nobody can send a body that is not wanted.
 */

import type { Message } from "./frame.ts";

/** Bodies of at least this many characters take the private way. */
export const bulkFrom = 4_096;
/** The largest body, in characters. */
export const bodyMax = 64 * 1024 * 1024;
/** Characters asked for at a time; a single body may have more. */
const wantedMax = 2 * bodyMax;

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
 * One end of a private way. It carries two kinds of text: a body's number, which asks for the body,
 * and a body below its number.
 */
export class BulkExchange {
  readonly #way: BulkWay;
  readonly #deliver: (message: Message) => void;
  /** Bodies that the peer has not asked for yet, by number. */
  readonly #offered = new Map<number, string>();
  /** Messages whose bodies have not been asked for yet. */
  readonly #waiting: Announced[] = [];
  /** Messages whose bodies are on their way, by number. */
  readonly #wanted = new Map<number, Announced>();
  #wantedCharacters = 0;
  #lastKey = 0;

  /** `deliver` is called with each announced message when it has its body. */
  constructor(way: BulkWay, deliver: (message: Message) => void) {
    this.#way = way;
    this.#deliver = deliver;
    way.listen((text) => this.#hear(text));
  }

  /** Offers a large body and returns the message to send in its place; returns others unchanged. */
  announce(message: Message): Message {
    const body = bodyOf(message);
    if (body === undefined || body.length < bulkFrom) return message;
    const key = ++this.#lastKey;
    this.#offered.set(key, body);
    return { ...withBody(message, ""), bulk: [key, body.length] } as Message;
  }

  /** The message if it is whole; undefined when its body travels and it is delivered later. */
  complete(message: Message): Message | undefined {
    if (!("bulk" in message) || message.bulk === undefined) return message;
    const [key, length] = message.bulk;
    this.#waiting.push({ message, key, length });
    this.#askForMore();
    return undefined;
  }

  close(): void {
    this.#way.close();
    this.#offered.clear();
  }

  #askForMore(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const hasRoom = this.#wantedCharacters + next.length <= wantedMax;
      if (this.#wanted.size > 0 && !hasRoom) return;
      this.#waiting.shift();
      this.#wanted.set(next.key, next);
      this.#wantedCharacters += next.length;
      this.#way.post(String(next.key));
    }
  }

  #hear(text: string): void {
    const cut = text.indexOf("\n");
    if (cut < 0) {
      const body = this.#offered.get(Number(text));
      if (body === undefined) return;
      this.#offered.delete(Number(text));
      this.#way.post(`${text}\n${body}`);
      return;
    }
    const key = Number(text.slice(0, cut));
    const wanted = this.#wanted.get(key);
    if (wanted?.length !== text.length - cut - 1) return; // nobody has asked for this
    this.#wanted.delete(key);
    this.#wantedCharacters -= wanted.length;
    this.#deliver(withBody(wanted.message, text.slice(cut + 1)));
    this.#askForMore();
  }
}

/** A message whose body is not there yet. */
interface Announced {
  readonly message: Message;
  readonly key: number;
  readonly length: number;
}

function bodyOf(message: Message): string | undefined {
  if (message.kind === "request") return message.input;
  return message.kind === "reply" ? message.output : undefined;
}

function withBody(message: Message, body: string): Message {
  if (message.kind === "request") return { ...message, input: body };
  return message.kind === "reply" ? { ...message, output: body } : message;
}
