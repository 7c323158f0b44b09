/**
 * Yahoo through yahoo-finance2: its quote and chart calls and its exchange of cookie and crumb,
 * with what it lacks around them. A session is one cookie jar and its crumb; a stale crumb is
 * refused for ever, so at a 401 the session is replaced by a new one and the call made once more.
 *
 * Opens no connection before it is asked for something. Prints nothing.
 */

import createYahooFinance from "yahoo-finance2/createYahooFinance";
import { ExtendedCookieJar } from "yahoo-finance2/lib/cookieJar";
import chart from "yahoo-finance2/modules/chart";
import quote from "yahoo-finance2/modules/quote";
import quoteSummary from "yahoo-finance2/modules/quoteSummary";
import { AppError } from "100ac";
import { shown } from "../../_lib/source/symbols.ts";
import { failureOfLibrary, toAppError, YahooFailure } from "./failure.ts";
import { createTransport, type Transport, type TransportOptions } from "./transport.ts";

const Library = createYahooFinance({ modules: { quote, quoteSummary, chart } });
type Session = InstanceType<typeof Library>;

/** What a chart is asked for; instants in UTC milliseconds. */
export interface ChartQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly interval: "1m" | "2m" | "5m" | "15m" | "30m" | "1h" | "1d" | "1wk" | "1mo";
}

/** Asks Yahoo and gives what it answered, not yet checked. */
export class YahooClient {
  readonly #transport: Transport;
  #session = newSession();

  constructor(options: Pick<TransportOptions, "baseUrl"> & Partial<TransportOptions>) {
    this.#transport = createTransport({
      timeoutMs: 10_000,
      fetch: globalThis.fetch,
      now: Date.now,
      ...options,
    });
  }

  /**
   * The rows of Yahoo's answer for well-formed symbols; unknown ones have none.
   * @throws {AppError} of a market source, or `signal`'s reason.
   */
  quotes(symbols: readonly string[], signal: AbortSignal): Promise<readonly unknown[]> {
    return this.#ask("quotes", symbols, signal, async (session, moduleOptions) => {
      const rows: unknown = await session.quote([...symbols], {}, moduleOptions);
      return Array.isArray(rows) ? rows : [];
    });
  }

  /**
   * Yahoo's chart of one well-formed symbol, regular trading hours alone.
   * @throws {AppError} of a market source, or `signal`'s reason.
   */
  chart(symbol: string, query: ChartQuery, signal: AbortSignal): Promise<unknown> {
    return this.#ask("history", [symbol], signal, async (session, moduleOptions) => {
      // the library puts the symbol into the path as it is
      return await session.chart(encodeURIComponent(symbol), {
        period1: new Date(query.fromMs),
        period2: new Date(query.toMs),
        interval: query.interval,
        includePrePost: false,
        return: "object",
      }, moduleOptions);
    });
  }

  /**
   * Yahoo's calendar of a share and its past earnings, not yet checked.
   * @throws {AppError} of a market source, or `signal`'s reason.
   */
  earnings(symbol: string, signal: AbortSignal): Promise<unknown> {
    return this.#ask(
      "events",
      [symbol],
      signal,
      async (session, moduleOptions) =>
        await session.quoteSummary(
          encodeURIComponent(symbol),
          { modules: ["calendarEvents", "earningsHistory"] },
          moduleOptions,
        ),
    );
  }

  async #ask<Answer>(
    thing: string,
    symbols: readonly string[],
    signal: AbortSignal,
    call: (session: Session, moduleOptions: ModuleOptions) => Promise<Answer>,
  ): Promise<Answer> {
    const attempt = (session: Session): Promise<Answer> =>
      abortable(call(session, this.#moduleOptions(signal)), signal);
    const session = this.#session;
    try {
      signal.throwIfAborted();
      return await attempt(session).catch((thrown) => {
        if (!(thrown instanceof YahooFailure) || thrown.code !== "unauthorized") throw thrown;
        // another call may have replaced the session already: its new one will do
        if (this.#session === session) this.#session = newSession();
        return attempt(this.#session);
      });
    } catch (thrown) {
      if (signal.aborted) throw reasonOf(signal, thing, symbols);
      throw toAppError(failureOfLibrary(thrown), thing, symbols);
    }
  }

  #moduleOptions(signal: AbortSignal): ModuleOptions {
    return {
      // its schemas refuse a good answer for a new field, so they decide nothing: what is used
      // of an answer is checked where it is read
      validateResult: false,
      fetch: (input, init = {}) => {
        const url = new URL(input instanceof Request ? input.url : input);
        // the exchange of cookie and crumb is shared by all who wait for it: one of them going
        // away must not end it for the others
        return this.#transport(url, init, isOwn(url) ? signal : undefined);
      },
    };
  }
}

interface ModuleOptions {
  readonly validateResult: false;
  readonly fetch: typeof fetch;
}

/** True for a request that one call alone waits for. */
function isOwn({ pathname }: URL): boolean {
  return pathname.startsWith("/v7/") || pathname.startsWith("/v8/") ||
    pathname.startsWith("/v10/");
}

function newSession(): Session {
  return new Library({
    // the library's default jar is one for all
    cookieJar: new ExtendedCookieJar(),
    logger: silent,
    // asks a registry, and prints
    versionCheck: false,
    suppressNotices: ["yahooSurvey"],
    validation: { logErrors: false, logOptionsErrors: false },
  });
}

/** The library's log has crumbs in it; failures are thrown, and told by whoever catches them. */
const silent = { info: ignore, warn: ignore, error: ignore, debug: ignore, dir: ignore };
function ignore(): void {}

/** What `promise` comes to, or the abort of `signal`, whichever is first. */
async function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function reasonOf(signal: AbortSignal, thing: string, symbols: readonly string[]): AppError {
  if (signal.reason instanceof AppError) return signal.reason;
  const name = shown(symbols.join(", "));
  return new AppError(
    "cancelled",
    `Cannot fetch ${thing} of "${name}": the request was cancelled; nothing has to be done`,
    { cause: signal.reason },
  );
}
