/** Server-sent events (the HTML standard's `text/event-stream`) out of a body of bytes. */

import { AppError } from "../../errors.ts";

/** One event: its name (`message` when it gave none) and its data. */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

export interface EventStreamOptions {
  /** Aborted to stop reading; its reason is thrown. */
  readonly signal: AbortSignal;
  /** How long nothing may come. The daemon sends a comment every 15 s. */
  readonly silentMsMax?: number;
}

/** An event may hold the results of all steps, but it has an end. */
const eventLengthMax = 64 * 1024 * 1024;

/**
 * The events of a body as they come; an event cut off by the end of the body is dropped.
 * @throws {AppError} `bad_answer` for an event over 64 Mi characters, `not_reachable` when nothing
 * has come for too long.
 */
export async function* serverEvents(
  body: ReadableStream<Uint8Array>,
  options: EventStreamOptions,
): AsyncGenerator<ServerEvent, void, undefined> {
  let name = "";
  let data: string[] = [];
  let length = 0;
  for await (const line of lines(chunks(body, options))) {
    if (line === "") {
      if (data.length > 0) yield { name: name || "message", data: data.join("\n") };
      name = "";
      data = [];
      length = 0;
      continue;
    }
    length += line.length;
    if (length > eventLengthMax) throw endless();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    if (field === "data") data.push(value);
  }
}

/** Lines end with LF, CR or CRLF; a CR at the end of a chunk waits for what follows. */
async function* lines(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  // The line that has not ended, as it came: looked through again with each chunk, a line of
  // megabytes would take seconds.
  let pieces: string[] = [];
  let length = 0;
  let held = "";
  for await (const bytes of chunks) {
    const text = held + decoder.decode(bytes, { stream: true });
    held = text.endsWith("\r") ? "\r" : "";
    const [first = "", ...others] = text.slice(0, text.length - held.length).split(/\r\n|\n|\r/);
    pieces.push(first);
    length += first.length;
    if (length > eventLengthMax) throw endless();
    const last = others.pop();
    if (last === undefined) continue;
    yield pieces.join("");
    yield* others;
    pieces = [last];
    length = last.length;
  }
  if (held !== "") yield pieces.join("");
}

function endless(): AppError {
  return new AppError("bad_answer", "Cannot read the daemon's events: one has no end");
}

async function* chunks(
  body: ReadableStream<Uint8Array>,
  options: EventStreamOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { value, done } = await readNext(reader, options);
      if (done) return;
      yield value;
    }
  } finally {
    // What is left unread; a broken body has nothing left, and has said so.
    await reader.cancel().catch(() => undefined);
  }
}

/** Listens to the signal itself: fetch's own link to it is lost with the collected Response. */
async function readNext(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { signal, silentMsMax = 60_000 }: EventStreamOptions,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  signal.throwIfAborted();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  const timer = setTimeout(() => {
    reject(new AppError("not_reachable", "The daemon's events have stopped to come"));
  }, silentMsMax);
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([reader.read(), stopped]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
