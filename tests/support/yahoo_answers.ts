/**
 * A folder of Yahoo's answers: `index.json` names the file of each quote and chart, and
 * `crumb/flows.json` tells the exchanges of cookie and crumb. The folder beside this file is made
 * by hand; the environment's YAHOO_RECORDINGS may name one of real answers.
 */

import { fileURLToPath } from "node:url";
import { z } from "zod";
import { faults } from "./yahoo_faults.ts";

const Entry = z.object({
  file: z.string(),
  module: z.string(),
  /** Absent for a file of several symbols' quotes. */
  symbol: z.string().nullish(),
  status: z.number().nullish(),
  contentType: z.string().nullish(),
  query: z.object({
    symbols: z.string().optional(),
    interval: z.string().optional(),
    period2: z.coerce.number().optional(),
  }).nullish(),
});
export type AnswerEntry = z.infer<typeof Entry>;

const Step = z.object({
  method: z.string(),
  url: z.string(),
  status: z.number(),
  contentType: z.string().optional(),
  location: z.string().optional(),
  setCookie: z.array(z.string()).optional(),
  body: z.string().optional(),
  requestBody: z.string().optional(),
});
const Flow = z.object({ name: z.string(), steps: z.array(Step) });
export type ExchangeFlow = z.infer<typeof Flow>;

/** An answer as it goes over the wire. */
export interface RecordedAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The hand-made answers. */
export const handMadeAnswers = fileURLToPath(new URL("./yahoo_answers", import.meta.url));

/** The folder of real answers, where there is one. */
export const recordingsFolder = Deno.env.get("YAHOO_RECORDINGS") || undefined;

/** The answers of a folder to quotes and charts, as its index lists them. */
export function entriesOf(
  folder: string,
  modules: readonly string[] = ["quote", "chart"],
): readonly AnswerEntry[] {
  const { entries } = z.object({ entries: z.array(Entry) })
    .parse(readJson(`${folder}/index.json`));
  return entries.filter(({ module }) => modules.includes(module));
}

/** The exchanges of cookie and crumb that a folder tells. */
export function flowsOf(folder: string): readonly ExchangeFlow[] {
  return z.object({ flows: z.array(Flow) }).parse(readJson(`${folder}/crumb/flows.json`)).flows;
}

function readJson(path: string): unknown {
  return JSON.parse(Deno.readTextFileSync(path));
}

/** What a replay server answers with. */
export class YahooAnswers {
  /** The exchange of cookie and crumb. */
  readonly steps: ExchangeFlow["steps"];
  readonly #folder: string;
  readonly #entries: readonly AnswerEntry[];
  readonly #anySymbol: boolean;
  readonly #summaries: readonly AnswerEntry[];

  constructor(
    options: {
      readonly folder?: string;
      readonly file?: string;
      readonly flow?: string;
      readonly anySymbol?: boolean;
    },
  ) {
    this.#folder = options.folder ?? handMadeAnswers;
    this.#entries = entriesOf(this.#folder)
      .filter(({ file }) => options.file === undefined || file === options.file);
    this.#anySymbol = options.anySymbol ?? false;
    this.#summaries = entriesOf(this.#folder, ["quoteSummary"]);
    const flow = flowsOf(this.#folder)
      .find(({ name }) => options.flow === undefined || name === options.flow);
    if (flow === undefined) throw new Error(`no exchange "${options.flow}" in ${this.#folder}`);
    this.steps = flow.steps;
  }

  /** The answer about `symbols`, joined by commas: as it is kept, or made of kept rows. */
  quotes(symbols: string): RecordedAnswer {
    const quotes = this.#entries.filter(({ module }) => module === "quote");
    const whole = quotes.find(({ query }) => query?.symbols === symbols);
    if (whole !== undefined) return this.#read(whole);
    const rows = new Map(quotes.flatMap((entry) => rowsOf(this.#read(entry).body)));
    const result = symbols.split(",").flatMap((symbol) =>
      rows.get(symbol) ?? (this.#anySymbol ? { ...rows.get("AAPL") ?? {}, symbol } : [])
    );
    return json(200, { quoteResponse: { result, error: null } });
  }

  /** The chart of a symbol; the answer Yahoo gives about an unknown one when none is kept. */
  chart(symbol: string, interval: string): RecordedAnswer {
    const entry = this.#entries.find((candidate) =>
      candidate.module === "chart" && candidate.symbol === symbol &&
      candidate.query?.interval === interval
    );
    if (entry !== undefined) return this.#read(entry);
    if (this.#anySymbol) {
      const { status, contentType, body } = this.chart("AAPL", interval);
      const renamed = body.replace('"symbol": "AAPL"', `"symbol": ${JSON.stringify(symbol)}`);
      return { status, contentType, body: renamed };
    }
    return { status: 404, contentType: "application/json", body: faults.notFound.body };
  }

  /** The calendar and the earnings of a symbol, put together of what is kept of both. */
  summary(symbol: string): RecordedAnswer {
    const kept = this.#summaries.filter((entry) => entry.symbol === symbol && entry.status === 200);
    const results = kept.map((entry) => summaryOf(this.#read(entry).body));
    if (results.length > 0) {
      const result = [Object.assign({}, ...results)];
      return json(200, { quoteSummary: { result, error: null } });
    }
    const description = "No fundamentals data found for any of the summaryTypes";
    const error = { code: "Not Found", description };
    return json(404, { quoteSummary: { result: null, error } });
  }

  #read({ file, status, contentType }: AnswerEntry): RecordedAnswer {
    return {
      status: status ?? 200,
      contentType: contentType ?? "application/json",
      body: Deno.readTextFileSync(`${this.#folder}/${file}`),
    };
  }
}

function summaryOf(body: string): Record<string, unknown> {
  const { quoteSummary } = z.object({
    quoteSummary: z.object({ result: z.array(z.record(z.string(), z.unknown())).min(1) }),
  }).parse(JSON.parse(body));
  return quoteSummary.result[0] ?? {};
}

function rowsOf(body: string): [symbol: string, row: Record<string, unknown>][] {
  const Rows = z.array(z.looseObject({ symbol: z.string() }));
  const { quoteResponse } = z.object({ quoteResponse: z.object({ result: Rows }) })
    .parse(JSON.parse(body));
  return quoteResponse.result.map((row) => [row.symbol, row]);
}

function json(status: number, body: unknown): RecordedAnswer {
  return { status, contentType: "application/json", body: JSON.stringify(body) };
}
