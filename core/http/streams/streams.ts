/**
 * Streams of server-sent events: as many as there are places, each with a backlog of its own. A
 * stream ends when its source says so, its reader goes away, or the daemon stops; its place is
 * free at that instant.
 */

import { AppError } from "../../errors.ts";
import { Backlog, type BacklogBounds } from "./backlog.ts";
import { type Frame, heartbeat, joined } from "./frame.ts";

const heartbeatEveryMsDefault = 15_000;

/** Begins to send to a reader, now or later; it ends nothing before it returns. */
export type StreamSource = (reader: Reader) => Subscription;

export interface Subscription {
  /** The reader has taken all that was sent. */
  drained?(): void;
  /** The stream has ended: nothing that is sent arrives. Called once. */
  end(): void;
}

export interface Reader {
  /** Whether it has taken all that was sent. */
  readonly isDrained: boolean;
  /** Hands the frame on at once, or keeps it until those before it are taken. */
  send(frame: Frame): void;
  /** Ends the stream after what was sent. */
  end(): void;
}

export interface StreamsOptions {
  /** What is streamed, as in `Cannot stream events`. */
  readonly subject: string;
  readonly streamsMax: number;
  readonly backlog: BacklogBounds;
  /** Aborted when the daemon stops. */
  readonly signal: AbortSignal;
  readonly heartbeatEveryMs?: number;
}

export class Streams {
  readonly #options: StreamsOptions;
  readonly #open = new Set<Stream>();
  #heartbeats: ReturnType<typeof setInterval> | undefined;

  constructor(options: StreamsOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => {
      for (const stream of [...this.#open]) stream.stop();
    });
  }

  /**
   * Streams what the source sends, once it is asked for it: HEAD gets the headers alone.
   * @throws {AppError} `overloaded` when all places are taken.
   */
  respond(request: Request, source: StreamSource): Response {
    const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
    if (request.method === "HEAD") return new Response(null, { headers });
    const { subject, streamsMax, backlog, signal, heartbeatEveryMs } = this.#options;
    if (this.#open.size >= streamsMax) {
      throw new AppError("overloaded", `Cannot stream ${subject}: ${streamsMax} streams are open`);
    }
    const stream = new Stream(source, new Backlog(backlog), () => this.#remove(stream));
    this.#open.add(stream);
    this.#heartbeats ??= setInterval(() => {
      for (const each of this.#open) each.beat();
    }, heartbeatEveryMs ?? heartbeatEveryMsDefault);
    const body = new ReadableStream<Frame>({
      start: (controller) => stream.start(controller),
      pull: () => stream.pull(),
      cancel: () => stream.gone(),
    });
    if (signal.aborted) stream.stop();
    return new Response(body, { headers });
  }

  #remove(stream: Stream): void {
    this.#open.delete(stream);
    if (this.#open.size > 0) return;
    clearInterval(this.#heartbeats);
    this.#heartbeats = undefined;
  }
}

class Stream implements Reader {
  readonly #source: StreamSource;
  readonly #backlog: Backlog;
  readonly #leave: () => void;
  /** Undefined once the stream has ended. */
  #controller: ReadableStreamDefaultController<Frame> | undefined;
  #subscription: Subscription | undefined;
  /** The source has ended it: it closes after what waits. */
  #isEnding = false;

  constructor(source: StreamSource, backlog: Backlog, leave: () => void) {
    this.#source = source;
    this.#backlog = backlog;
    this.#leave = leave;
  }

  get isDrained(): boolean {
    return this.#backlog.isEmpty && this.#isReady;
  }

  start(controller: ReadableStreamDefaultController<Frame>): void {
    this.#controller = controller;
    controller.enqueue(heartbeat); // the answer's head leaves with it
    this.#subscription = this.#source(this);
  }

  send(frame: Frame): void {
    if (this.isDrained) this.#controller?.enqueue(frame);
    else if (this.#controller && !this.#isEnding) this.#backlog.add(frame);
  }

  end(): void {
    this.#isEnding = true;
    if (this.#backlog.isEmpty) this.stop();
  }

  beat(): void {
    if (this.isDrained) this.#controller?.enqueue(heartbeat);
  }

  pull(): void {
    if (!this.#backlog.isEmpty) this.#controller?.enqueue(joined(this.#backlog.take()));
    if (!this.#backlog.isEmpty) return;
    if (this.#isEnding) this.stop();
    else if (this.#isReady) this.#subscription?.drained?.();
  }

  /** Ends without what waits. */
  stop(): void {
    this.#controller?.close();
    this.gone();
  }

  /** The reader takes nothing more. */
  gone(): void {
    if (!this.#controller) return;
    this.#controller = undefined;
    this.#leave();
    this.#subscription?.end();
  }

  get #isReady(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0;
  }
}
