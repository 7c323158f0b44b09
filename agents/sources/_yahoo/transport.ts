/**
 * One HTTP exchange with Yahoo. yahoo-finance2 has no timeout, drops the status of a failure and
 * prints the address, crumb included, of a refused request; so it is given this in place of
 * `fetch`, and sees good answers alone. Whatever else comes is thrown as a {@link YahooFailure}.
 *
 * With a base address, a request to `https://HOST/PATH` goes to `BASE/HOST/PATH`: a replay
 * server tells Yahoo's hosts apart by the first part of the path. yahoo-finance2 keeps seeing
 * Yahoo's addresses, and so do its cookies.
 */

import { failureOfAnswer, YahooFailure } from "./failure.ts";

/** The hosts that quotes, charts and the exchange of cookie and crumb need. */
export const yahooHosts: readonly string[] = [
  "query1.finance.yahoo.com",
  "query2.finance.yahoo.com",
  "finance.yahoo.com",
  // where Europe is asked for its consent on the way to a cookie
  "guce.yahoo.com",
  "consent.yahoo.com",
];

export interface TransportOptions {
  /** In place of Yahoo's origins: see above. */
  readonly baseUrl: string | null;
  /** Limit of one exchange, its body included. */
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
  /** Now, in UTC milliseconds: for dates in Retry-After. */
  readonly now: () => number;
}

/** `fetch` as yahoo-finance2 sees it; `signal` ends the exchange before its time. */
export type Transport = (url: URL, init: RequestInit, signal?: AbortSignal) => Promise<Response>;

export function createTransport(options: TransportOptions): Transport {
  const { timeoutMs } = options;
  return async (url, init, signal) => {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    const signals = signal === undefined ? [timeout.signal] : [timeout.signal, signal];
    try {
      return await exchange(url, { ...init, signal: AbortSignal.any(signals) }, options);
    } catch (thrown) {
      signal?.throwIfAborted();
      if (thrown instanceof YahooFailure) throw thrown;
      const found = timeout.signal.aborted
        ? `${url.hostname} gave no whole answer within ${timeoutMs / 1_000} s`
        : `${url.hostname} can't be reached`;
      throw new YahooFailure("source_down", found, { cause: thrown });
    } finally {
      clearTimeout(timer);
    }
  };
}

async function exchange(url: URL, init: RequestInit, options: TransportOptions): Promise<Response> {
  const answer = await options.fetch(target(url, options.baseUrl), {
    ...init,
    // the library follows the redirects it knows itself, and needs their cookies
    redirect: "manual",
  });
  const { status, headers } = answer;
  const body = await readText(answer);
  if (isRefusal(url, answer)) throw failureOfAnswer({ status, headers, body }, options.now());
  if (url.pathname === crumbPath && !crumbPattern.test(body)) {
    throw new YahooFailure("bad_answer", "Yahoo answered something else than a crumb");
  }
  return new Response(mayHaveBody(status) ? body : null, { status, headers });
}

const crumbPath = "/v1/test/getcrumb";
const crumbPattern = /^[^\s<>{}]{1,64}$/;

function target(url: URL, baseUrl: string | null): URL {
  if (!yahooHosts.includes(url.hostname)) {
    throw new YahooFailure(
      "bad_answer",
      `Yahoo sends to ${url.hostname}, which is none of its own`,
    );
  }
  if (baseUrl === null) return url;
  return new URL(`${baseUrl.replace(/\/+$/, "")}/${url.hostname}${url.pathname}${url.search}`);
}

/** The page that gives the cookie is asked for its cookie alone: any status will do with one. */
function isRefusal(url: URL, { status, headers }: Response): boolean {
  const isData = url.hostname.startsWith("query");
  if (isData) return status >= 300;
  return status >= 400 && headers.getSetCookie().length === 0;
}

function mayHaveBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}

/** Beyond any real answer: ten years of daily bars are 0.3 MB. */
const bodyBytesMax = 16 * 1024 * 1024;

async function readText(answer: Response): Promise<string> {
  if (answer.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  // leaving the loop by a throw cancels the body, and with it the connection
  for await (const chunk of answer.body) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax) {
      throw new YahooFailure("bad_answer", `Yahoo's answer is longer than ${bodyBytesMax} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
