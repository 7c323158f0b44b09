/** Reads server-sent events (the HTML standard's `text/event-stream`) from a body of bytes. */

import { AppError } from "../../errors.ts";

/** One event: its name (`message` by default) and its data. */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

export interface EventStreamOptions {
  /** Aborted to stop reading; its reason is thrown. */
  readonly signal: AbortSignal;
  /** The longest silence allowed. The daemon sends a comment every 15 s. */
  readonly silentMsMax?: number;
}

/** An event may contain the results of all steps, so the limit is generous. */
const eventLengthMax = 64 * 1024 * 1024;

/**
 * Yields the events of a body as they arrive; an event cut off by the end of the body is dropped.
 * @throws {AppError} `bad_answer` for an event over 64 Mi characters, `not_reachable` after a
 * silence that is too long.
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

/** Lines end with LF, CR or CRLF; a CR at the end of a chunk is held, as an LF may follow. */
async function* lines(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  // The pieces of the unfinished line. They are joined only at its end: searching a line of
  // megabytes again with each chunk would take seconds.
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
  const found = `one is over ${eventLengthMax} characters`;
  return new AppError("bad_answer", `Cannot read the daemon's events: ${found}`);
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
    // Cancels the unread rest. A broken body rejects here again, with an error already thrown.
    await reader.cancel().catch(() => undefined);
  }
}

/** Listens to the signal itself: fetch's link to it is lost when the Response is collected. */
async function readNext(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { signal, silentMsMax = 60_000 }: EventStreamOptions,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  signal.throwIfAborted();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  const timer = setTimeout(() => {
    reject(new AppError("not_reachable", "The daemon's events have stopped"));
  }, silentMsMax);
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([reader.read(), stopped]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
