/**
 * A small libSQL server on loopback: Hrana over HTTP, version 2 and 3 in JSON, over a local file.
 * `await using server = startHranaServer({ path })`, then `createClient({ url: server.url })`. It
 * fails on request as networks and servers do: see {@link Fault}.
 */

import { setTimeout as delay } from "node:timers/promises";
import Database from "libsql";
import { pipelineSchema, type StreamRequest } from "./hrana/protocol.ts";
import { Stream, type StreamOptions } from "./hrana/stream.ts";

export interface HranaServerOptions extends Partial<StreamOptions> {
  /** The file; made if it is not there. */
  readonly path: string;
  /** Asked of every request as `Authorization: Bearer …`. */
  readonly token?: string;
  /** How long a stream may be left alone before it is closed. */
  readonly expiryMs?: number;
}

/** What a pipeline meets in the place of its answer. */
export type Fault =
  /** The connection ends before anything is done. */
  | { readonly kind: "drop_before" }
  /** All is done, and committed if it says so, and the connection ends without an answer. */
  | { readonly kind: "drop_after" }
  /** Nothing is done, and the answer has this status. */
  | { readonly kind: "refuse"; readonly status: number }
  /** All is done, `ms` later. */
  | { readonly kind: "slow"; readonly ms: number };

export interface Misbehaviour {
  /** How many that fit are answered well before. */
  readonly after?: number;
  /** How many pipelines meet it; all by default. */
  readonly times?: number;
  /** Those with SQL that fits; all by default. */
  readonly when?: RegExp;
}

interface PlannedFault {
  readonly fault: Fault;
  readonly when: RegExp;
  before: number;
  left: number;
}

/** A stream between two pipelines. */
interface Parked {
  readonly stream: Stream;
  readonly timer: ReturnType<typeof setTimeout>;
}

export function startHranaServer(options: HranaServerOptions): HranaServer {
  return new HranaServer(options);
}

/** See {@link startHranaServer}. */
export class HranaServer implements AsyncDisposable {
  /** For clients, without a token. */
  readonly url: string;
  /** How many pipelines came in. */
  pipelines = 0;
  readonly #options: Required<Omit<HranaServerOptions, "token">> & { readonly token?: string };
  /** Keeps the file's journal mode while no stream is open. */
  readonly #file: Database.Database;
  readonly #parked = new Map<string, Parked>();
  readonly #expired = new Set<string>();
  readonly #faults: PlannedFault[] = [];
  readonly #port: number;
  #server: Deno.HttpServer<Deno.NetAddr>;
  #stopping = new AbortController();

  constructor(options: HranaServerOptions) {
    this.#options = {
      busyTimeoutMs: 5_000,
      foreignKeys: true,
      expiryMs: 10_000,
      ...options,
    };
    this.#file = new Database(options.path);
    this.#file.pragma("journal_mode = WAL");
    this.#server = this.#serve(0);
    this.#port = this.#server.addr.port;
    this.url = `http://127.0.0.1:${this.#port}`;
  }

  /** Streams that a client may go on with. */
  get openStreams(): number {
    return this.#parked.size;
  }

  /** Lets pipelines fail from now on. Of several faults that fit, the first planned is met. */
  misbehave(
    fault: Fault,
    { after = 0, times = Infinity, when = /(?:)/ }: Misbehaviour = {},
  ): void {
    this.#faults.push({ fault, when, before: after, left: times });
  }

  /** Behaves from now on; gives how often it still was to fail. */
  behave(): number {
    return this.#faults.splice(0).reduce((sum, { left }) => sum + left, 0);
  }

  /** Keeps all writers off, as another client's transaction does, until it is released. */
  async hold(): Promise<{ release(): void }> {
    const stream = new Stream(this.#options.path, this.#options);
    await stream.answer({ type: "sequence", sql: "BEGIN IMMEDIATE" });
    return { release: () => stream.close() };
  }

  /** Closes all streams that are between two pipelines, as if they had been left alone. */
  expireStreams(): void {
    for (const baton of [...this.#parked.keys()]) this.#expire(baton);
  }

  /** Goes down as a process that is killed: what is open is cut off and rolled back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#server.finished;
    this.expireStreams();
    this.#expired.clear();
  }

  /** Comes up again after {@link stop}, at the same address. */
  restart(): void {
    this.#stopping = new AbortController();
    this.#server = this.#serve(this.#port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#file.close();
  }

  #serve(port: number): Deno.HttpServer<Deno.NetAddr> {
    const { signal } = this.#stopping;
    return Deno.serve(
      { hostname: "127.0.0.1", port, signal, onListen: () => undefined },
      (request) => this.#handle(request, signal),
    );
  }

  async #handle(request: Request, signal: AbortSignal): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.method === "GET" && /^\/v[23]$/.test(pathname)) return new Response("Hrana");
    if (request.method !== "POST" || !/^\/v[23]\/pipeline$/.test(pathname)) {
      return new Response("not found", { status: 404 });
    }
    const { token } = this.#options;
    if (token !== undefined && request.headers.get("authorization") !== `Bearer ${token}`) {
      return refused(401, "AUTH_JWT_INVALID", "Authentication failed");
    }
    const parsed = pipelineSchema.safeParse(await request.json());
    if (!parsed.success) return refused(400, "HRANA_PROTO_ERROR", parsed.error.message);
    this.pipelines++;
    const { baton, requests } = parsed.data;
    const fault = this.#faultFor(requests);
    if (fault?.kind === "drop_before") return cutOff();
    if (fault?.kind === "refuse") {
      return new Response("misbehaving", { status: fault.status });
    }
    if (fault?.kind === "slow") await delay(fault.ms, undefined, { signal }).catch(() => undefined);
    const stream = this.#take(baton ?? undefined);
    if (stream instanceof Response) return stream;
    const results = [];
    for (const one of requests) {
      if (signal.aborted) stream.close();
      results.push(await stream.answer(one));
    }
    const next = stream.isOpen ? this.#park(stream, signal) : null;
    if (fault?.kind === "drop_after") return cutOff();
    return Response.json({ baton: next, base_url: null, results });
  }

  #faultFor(requests: readonly StreamRequest[]): Fault | undefined {
    const text = JSON.stringify(requests);
    const planned = this.#faults.find(({ left, when }) => left > 0 && when.test(text));
    if (!planned || planned.before-- > 0) return undefined;
    planned.left--;
    return planned.fault;
  }

  /** The stream that a baton stands for, each one once; a new one without a baton. */
  #take(baton: string | undefined): Stream | Response {
    if (baton === undefined) return new Stream(this.#options.path, this.#options);
    const parked = this.#parked.get(baton);
    if (parked) {
      this.#parked.delete(baton);
      clearTimeout(parked.timer);
      return parked.stream;
    }
    return this.#expired.has(baton)
      ? refused(400, "STREAM_EXPIRED", "The stream has expired due to inactivity")
      : refused(400, "BATON_INVALID", "The baton is invalid, or was used already");
  }

  #park(stream: Stream, signal: AbortSignal): string {
    const baton = crypto.randomUUID();
    const timer = setTimeout(() => this.#expire(baton), this.#options.expiryMs);
    this.#parked.set(baton, { stream, timer });
    if (signal.aborted) this.#expire(baton);
    return baton;
  }

  #expire(baton: string): void {
    const parked = this.#parked.get(baton);
    if (!parked) return;
    clearTimeout(parked.timer);
    this.#parked.delete(baton);
    this.#expired.add(baton);
    parked.stream.close();
  }
}

function refused(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, { status });
}

/** An answer that ends before it has begun. */
function cutOff(): Response {
  const nothing = new ReadableStream({ start: (controller) => controller.close() });
  return new Response(nothing, { headers: { "content-length": "2" } });
}
