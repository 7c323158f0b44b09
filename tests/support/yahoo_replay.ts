/**
 * Yahoo on loopback: the exchange of cookie and crumb, quotes and charts, played from answers in
 * a folder, and every way in which the real one is known to fail. The agent `yahoo` reaches it
 * by `base_url`: a request to `https://HOST/PATH` comes in as `/HOST/PATH`. The ways to fail are
 * in yahoo_faults.ts.
 */

import { setTimeout } from "node:timers/promises";
import { type RecordedAnswer, YahooAnswers } from "./yahoo_answers.ts";
import { type Fault, faults } from "./yahoo_faults.ts";

/** The parts of Yahoo that can be told to fail: quotes and charts, the crumb, the cookie's page. */
export type Part = "data" | "crumb" | "page";

/** A request as it came in. */
export interface ReplayedRequest {
  readonly part: Part;
  readonly method: string;
  /** Yahoo's address that was meant. */
  readonly url: URL;
  readonly cookie: string;
  readonly body: string;
}

export interface YahooReplayOptions {
  /** Folder of answers; the hand-made ones by default. */
  readonly folder?: string;
  /** Plays this file of the folder alone. */
  readonly file?: string;
  /** Answers about every symbol, with what it knows of AAPL. */
  readonly anySymbol?: boolean;
  /** Name of an exchange of cookie and crumb in `crumb/flows.json`; the first by default. */
  readonly flow?: string;
}

/** Starts Yahoo on a free port of 127.0.0.1. */
export function startYahooReplay(options: YahooReplayOptions = {}): YahooReplay {
  return new YahooReplay(new YahooAnswers(options));
}

/** See {@link startYahooReplay}. */
export class YahooReplay implements AsyncDisposable {
  /** For `base_url`. */
  readonly url: string;
  readonly requests: ReplayedRequest[] = [];
  readonly #answers: YahooAnswers;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #closing = new AbortController();
  readonly #faults = new Map<Part, { readonly fault: Fault; times: number }>();
  #faultOf: (call: number) => Fault | undefined = () => undefined;
  #calls = 0;
  #crumbs = 1;
  #step = 0;

  constructor(answers: YahooAnswers) {
    this.#answers = answers;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#handle(request),
    );
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Answers the next requests to `part` with `fault`, `times` of them or all. */
  misbehave(fault: Fault, part: Part = "data", times = Infinity): void {
    this.#faults.set(part, { fault, times });
  }

  /** Answers requests for data by their number, from 0, where `faultOf` gives a fault. */
  misbehaveBy(faultOf: (call: number) => Fault | undefined): void {
    this.#faultOf = faultOf;
  }

  /** From now on the crumb that was given out is refused, as Yahoo does after a while. */
  expireCrumb(): void {
    this.#crumbs++;
  }

  /** The requests for quotes and charts. */
  get dataRequests(): readonly ReplayedRequest[] {
    return this.requests.filter(({ part }) => part === "data");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#server.shutdown();
  }

  async #handle(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const url = new URL(`https:/${pathname}${search}`);
    const cookie = request.headers.get("cookie") ?? "";
    const part = partOf(url);
    this.requests.push({ part, method: request.method, url, cookie, body: await request.text() });
    const fault = (part === "data" ? this.#faultOf(this.#calls++) : undefined) ??
      this.#nextFault(part);
    const right = (): Response =>
      part === "data" ? this.#data(url, cookie) : this.#exchange(request.method, url, cookie);
    return fault === undefined ? right() : await this.#misbehaved(fault, right);
  }

  #nextFault(part: Part): Fault | undefined {
    const next = this.#faults.get(part);
    if (next === undefined || next.times === 0) return undefined;
    next.times--;
    return next.fault;
  }

  async #misbehaved(fault: Fault, right: () => Response): Promise<Response> {
    switch (fault.kind) {
      case "answer":
        return new Response(fault.body, { status: fault.status, headers: { ...fault.headers } });
      case "truncated": {
        const { status, body } = await textOf(right());
        return new Response(body.slice(0, body.length / 2), { status });
      }
      case "hang":
        await aborted(this.#closing.signal);
        return new Response(null, { status: 503 });
      case "drip":
        return new Response(ReadableStream.from(drip(this.#closing.signal)));
    }
  }

  #data(url: URL, cookie: string): Response {
    if (url.pathname.startsWith("/v8/finance/chart/")) {
      const symbol = decodeURIComponent(url.pathname.slice("/v8/finance/chart/".length));
      return toResponse(this.#answers.chart(symbol, url.searchParams.get("interval") ?? ""));
    }
    if (cookie === "" || url.searchParams.get("crumb") !== this.#crumb) {
      return new Response(faults.unauthorized.body, { status: 401 });
    }
    if (url.pathname.startsWith("/v10/finance/quoteSummary/")) {
      const symbol = decodeURIComponent(url.pathname.slice("/v10/finance/quoteSummary/".length));
      return toResponse(this.#answers.summary(symbol));
    }
    return toResponse(this.#answers.quotes(url.searchParams.get("symbols") ?? ""));
  }

  get #crumb(): string {
    const given = this.#answers.steps.at(-1)?.body ?? "";
    return this.#crumbs === 1 ? given : `${given}.${this.#crumbs}`;
  }

  /** One step of the exchange: taken in order, and from the start for a new cookie. */
  #exchange(method: string, url: URL, cookie: string): Response {
    const { steps } = this.#answers;
    const isStep = (index: number): boolean =>
      steps[index]?.method === method && steps[index]?.url === url.href;
    if (isStep(0)) this.#step = 0;
    // a recorded exchange may leave out steps that came again: then an earlier one does again
    const ahead = steps.findIndex((_, index) => index >= this.#step && isStep(index));
    const found = ahead >= 0 ? ahead : steps.findIndex((_, index) => isStep(index));
    const step = steps[found];
    if (step === undefined) return new Response("unexpected request", { status: 404 });
    this.#step = Math.max(this.#step, found + 1);
    if (partOf(url) === "crumb") {
      return cookie === ""
        ? new Response("Invalid Cookie", { status: 401 })
        : new Response(this.#crumb, { headers: { "content-type": "text/plain" } });
    }
    const headers = new Headers({ "content-type": step.contentType ?? "text/html" });
    if (step.location !== undefined) headers.set("location", step.location);
    for (const value of step.setCookie ?? []) headers.append("set-cookie", value);
    return new Response(step.body ?? "", { status: step.status, headers });
  }
}

function partOf({ hostname, pathname }: URL): Part {
  if (pathname === "/v1/test/getcrumb") return "crumb";
  return hostname.startsWith("query") ? "data" : "page";
}

function toResponse({ status, contentType, body }: RecordedAnswer): Response {
  return new Response(body, { status, headers: { "content-type": contentType } });
}

async function textOf(response: Response): Promise<{ status: number; body: string }> {
  return { status: response.status, body: await response.text() };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function* drip(closing: AbortSignal): AsyncGenerator<Uint8Array> {
  while (!closing.aborted) {
    yield new TextEncoder().encode(" ");
    // ended early by closing, so that no timer outlives the server
    await Promise.allSettled([setTimeout(5, undefined, { signal: closing })]);
  }
}
