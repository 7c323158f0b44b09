/**
 * One request to the daemon over fetch: adds the token, sets the time limit, and converts every
 * failure to an {@link AppError}. The daemon's own errors keep their code and message.
 */

import { AppError, isErrorCode, messageOf } from "../../errors.ts";
import type { ProblemAnswer } from "../../http/api.ts";
import type { Connection } from "./connection.ts";

export interface WireOptions {
  /** How to start a daemon; shown when no daemon answers. */
  readonly startHint: string;
  /** The longest wait for an answer. */
  readonly answerMsMax?: number;
}

/** Optional parts of a request. */
export interface AskOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent unchanged, instead of a JSON body. */
  readonly text?: string;
  readonly signal?: AbortSignal | undefined;
  /** The longest wait for this answer. */
  readonly answerMsMax?: number;
}

const answerMsDefault = 15_000;
/** The longest answer that is read, far above any real answer of a daemon. */
const answerBytesMax = 64 * 1024 * 1024;

/** Access to one daemon. Dispose of it: it may hold a connection. */
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
   * Returns the JSON answer of a request. When `signal` is aborted, its reason is thrown.
   * @throws {AppError} `not_reachable`, `bad_answer`, or the daemon's error.
   */
  async ask<Answer>(
    method: "GET" | "POST" | "PUT",
    path: string,
    { body, text, signal, answerMsMax = this.#answerMsMax }: AskOptions = {},
  ): Promise<Answer> {
    const late = AbortSignal.timeout(answerMsMax);
    const either = signal ? AbortSignal.any([signal, late]) : late;
    try {
      const response = await this.#fetch(method, path, either, payloadOf(body, text));
      const answer = parseJson(await this.#textOf(response));
      if (!response.ok) throw this.#refusal(response.status, answer);
      if (typeof answer === "object" && answer !== null) return answer as Answer;
      throw this.#strangeAnswer(response.status);
    } catch (thrown) {
      signal?.throwIfAborted();
      throw this.#failure(thrown, answerMsMax);
    }
  }

  /**
   * Returns the body of a streamed answer. `signal` ends the wait for the answer; while the body is
   * read, the reader must watch the signal itself.
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
      redirect: "manual", // no daemon redirects, and no other host may get the token
      ...(this.#direct ? { client: this.#direct } : {}),
    });
  }

  /** Reads the body up to a limit: an endless one would use up all memory. */
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

  /** The error for a failed request: anything but our own errors means that no daemon answered. */
  #failure(thrown: unknown, answerMsMax = this.#answerMsMax): AppError {
    if (thrown instanceof AppError) return thrown;
    const { url } = this.#connection;
    if (thrown instanceof DOMException && thrown.name === "TimeoutError") {
      const seconds = answerMsMax / 1_000;
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
      ? `it requires a token, and none was found in ${tokenSource}`
      : `it rejects the token from ${tokenSource}`;
    return new AppError(
      "unauthenticated",
      `Cannot ask the daemon at ${url}: ${found}; set AC100_TOKEN, or AC100_DATA_DIR to the ` +
        `daemon's data folder`,
    );
  }

  #strangeAnswer(status: number): AppError {
    return new AppError(
      "bad_answer",
      `Cannot read the answer of ${this.#connection.url}: status ${status} with a body that does ` +
        `not come from 100AC; check the URL, and that the daemon has this program's version`,
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

/** Bypasses HTTP_PROXY for a daemon on this machine: the proxy would see the token. */
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

/** The innermost message: the outer one of fetch only says that the request failed. */
function rootCause(thrown: unknown): string {
  const text = messageOf(thrown instanceof Error ? thrown.cause ?? thrown : thrown);
  return text.replace(/^error sending request for url \(.*?\): /, "");
}

/** Undefined if the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
