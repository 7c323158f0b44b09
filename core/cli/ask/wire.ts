/**
 * One request to the daemon over fetch: the token, the time limit, and what each failure means.
 * Every failure is an {@link AppError}; the daemon's own keep their code and words.
 */

import { AppError, isErrorCode, messageOf } from "../../errors.ts";
import type { ProblemAnswer } from "../../http/api.ts";
import type { Connection } from "./connection.ts";

export interface WireOptions {
  /** How to start a daemon, for the message that none answers. */
  readonly startHint: string;
  /** The longest wait for an answer. */
  readonly answerMsMax?: number;
}

/** What goes with a request. */
export interface AskOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in place of a body. */
  readonly text?: string;
  readonly signal?: AbortSignal | undefined;
}

const answerMsDefault = 15_000;
/** The longest answer that is read: what comes from a daemon is a fraction of it. */
const answerBytesMax = 64 * 1024 * 1024;

/** The way to one daemon. To be disposed of: it may hold a connection. */
export class Wire implements Disposable {
  readonly #connection: Connection;
  readonly #startHint: string;
  readonly #answerMsMax: number;
  readonly #direct: Deno.HttpClient | undefined;

  constructor(
    connection: Connection,
    { startHint, answerMsMax = answerMsDefault }: WireOptions,
  ) {
    this.#connection = connection;
    this.#startHint = startHint;
    this.#answerMsMax = answerMsMax;
    this.#direct = directWay(connection);
  }

  [Symbol.dispose](): void {
    this.#direct?.close();
  }

  /**
   * The JSON that answers a request. When `signal` is aborted, its reason is thrown.
   * @throws {AppError} `not_reachable`, `bad_answer`, or what the daemon says.
   */
  async ask<Answer>(
    method: "GET" | "POST" | "PUT",
    path: string,
    { body, text, signal }: AskOptions = {},
  ): Promise<Answer> {
    const late = AbortSignal.timeout(this.#answerMsMax);
    const either = signal ? AbortSignal.any([signal, late]) : late;
    try {
      const response = await this.#fetch(method, path, either, payloadOf(body, text));
      const answer = parseJson(await this.#textOf(response));
      if (!response.ok) throw this.#refusal(response.status, answer);
      if (typeof answer === "object" && answer !== null) return answer as Answer;
      throw this.#strangeAnswer(response.status);
    } catch (thrown) {
      signal?.throwIfAborted();
      throw this.#failure(thrown);
    }
  }

  /**
   * The body of an answer that goes on. `signal` ends the wait for it; the reader minds it after.
   * @throws {AppError} like {@link ask}.
   */
  async open(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    try {
      const response = await this.#fetch("GET", path, signal);
      if (response.ok && response.body) return response.body;
      const answer = parseJson(await this.#textOf(response));
      throw this.#refusal(response.status, answer);
    } catch (thrown) {
      signal.throwIfAborted();
      throw this.#failure(thrown);
    }
  }

  #fetch(
    method: string,
    path: string,
    signal: AbortSignal,
    payload?: Payload,
  ): Promise<Response> {
    const { url, token } = this.#connection;
    const headers = new Headers({ accept: "application/json, text/event-stream" });
    if (payload) headers.set("content-type", payload.type);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    return fetch(`${url}/api/v1${path}`, {
      method,
      headers,
      signal,
      ...(payload ? { body: payload.text } : {}),
      redirect: "manual", // no daemon redirects, and the token stays with the host it is for
      ...(this.#direct ? { client: this.#direct } : {}),
    });
  }

  /** The body, as far as a daemon's goes: one without an end would take all memory. */
  async #textOf({ body, status }: Response): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let size = 0;
    for await (const bytes of body ?? []) {
      size += bytes.length;
      if (size > answerBytesMax) throw this.#strangeAnswer(status);
      text += decoder.decode(bytes, { stream: true });
    }
    return text + decoder.decode();
  }

  /** What a failed request means: all but our own errors say that nobody answered. */
  #failure(thrown: unknown): AppError {
    if (thrown instanceof AppError) return thrown;
    const { url } = this.#connection;
    if (thrown instanceof DOMException && thrown.name === "TimeoutError") {
      const seconds = this.#answerMsMax / 1_000;
      const message = `The daemon at ${url} gave no answer in ${seconds} s; try again later`;
      return new AppError("not_reachable", message, { cause: thrown });
    }
    const message = this.#direct
      ? `No daemon answers at ${url}; start one with: ${this.#startHint}`
      : `No daemon answers at ${url}: ${rootCause(thrown)}; check the URL and the network`;
    return new AppError("not_reachable", message, { cause: thrown });
  }

  #refusal(status: number, answer: unknown): AppError {
    const { code, detail, details } = (answer ?? {}) as Partial<ProblemAnswer>;
    if (!isErrorCode(code) || typeof detail !== "string") return this.#strangeAnswer(status);
    if (code === "unauthenticated") return this.#unauthenticated();
    return new AppError(code, detail, { details });
  }

  #unauthenticated(): AppError {
    const { url, token, tokenSource } = this.#connection;
    const found = token === undefined
      ? `it wants a token, and there is none in ${tokenSource}`
      : `it refuses the token from ${tokenSource}`;
    return new AppError(
      "unauthenticated",
      `Cannot ask the daemon at ${url}: ${found}; set AC100_TOKEN, or AC100_DATA_DIR to the ` +
        `daemon's data folder`,
    );
  }

  #strangeAnswer(status: number): AppError {
    return new AppError(
      "bad_answer",
      `Cannot read the answer of ${this.#connection.url}: status ${status} with a body that is ` +
        `none of 100AC's; check the URL, and that the daemon has this program's version`,
    );
  }
}

interface Payload {
  readonly type: string;
  readonly text: string;
}

function payloadOf(body: unknown, text: string | undefined): Payload | undefined {
  if (text !== undefined) return { type: "text/plain; charset=utf-8", text };
  return body === undefined ? undefined : { type: "application/json", text: JSON.stringify(body) };
}

/** Straight to a daemon on this machine: HTTP_PROXY would hand the token to someone else. */
function directWay({ url, isLocal }: Connection): Deno.HttpClient | undefined {
  const { protocol, hostname, port } = new URL(url);
  if (!isLocal || protocol !== "http:") return undefined;
  const portDefault = 80;
  return Deno.createHttpClient({
    proxy: {
      transport: "tcp",
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port) || portDefault,
    },
  });
}

/** The message that fetch wraps into another, which only says that it failed. */
function rootCause(thrown: unknown): string {
  const text = messageOf(thrown instanceof Error ? thrown.cause ?? thrown : thrown);
  return text.replace(/^error sending request for url \(.*?\): /, "");
}

/** Undefined for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
