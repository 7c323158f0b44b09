/**
 * What a source agent does with its own answers: it checks them, stores what is sound, and notes
 * what was found. Only the source itself may store its data.
 */

import {
  type AgentContext,
  type EventsOutput,
  type FetchedHistory,
  Finding,
  History,
  type HistoryInput,
  type Kept,
  type Missing,
  type Quote,
  type QuotesOutput,
  SeriesState,
  splitAdjusted,
  z,
} from "100ac";
import { currencyFindings, sortOutBars } from "../quality/bar_rules.ts";
import { finding } from "../quality/finding.ts";
import { barFindings, quoteFindings } from "../quality/quality.ts";
import { reachOf } from "./period.ts";

type Context = AgentContext<unknown>;

const Saved = z.object({ saved: z.int() });
const SavedBars = z.object({
  revised: z.int(),
  held_back: z.string().nullable(),
  ask_from: z.iso.date().nullable(),
});
/** Rejected bars that are kept for review; of more, the first. */
const quarantinedMax = 5_000;

type Asked = z.output<typeof HistoryInput>;

/**
 * Stores what the source answers to `asked`. An answer that does not fit the stored bars is held
 * back; as long as one from further back may decide it, that is asked for.
 */
export async function keepHistory(
  asked: Asked,
  ask: (asked: Asked) => Promise<History>,
  ctx: Context,
): Promise<FetchedHistory> {
  const { until: _, ...rest } = asked;
  let range = asked;
  for (let furtherThan = "9999-99-99";;) {
    const history = await ask(range);
    const { kept, askFrom } = await store(history, range, ctx);
    if (askFrom === null || askFrom >= furtherThan) {
      return { ...history, kept: await noteHeldBack(history, kept, ctx) };
    }
    furtherThan = askFrom;
    range = { ...rest, since: askFrom };
  }
}

/** Only of the last answer: one that was decided by another is no fault. */
async function noteHeldBack(history: History, kept: Kept, ctx: Context): Promise<Kept> {
  if (kept.reason === null) return kept;
  const message = `The answer is held back: ${kept.reason}`;
  const held = finding(history, "basis", "error", null, message);
  await ctx.request("market.save_findings", { findings: [held] }, Saved);
  return { ...kept, findings: [...kept.findings, held] };
}

async function store(
  history: History,
  asked: Asked,
  ctx: Context,
): Promise<{ readonly kept: Kept; readonly askFrom: string | null }> {
  const { until, interval } = asked;
  const nothing = { reason: null, bars: 0, rejected: 0, revised: 0, findings: [] };
  // weeks and months are made of stored days
  const isStored = interval !== "1wk" && interval !== "1mo";
  if (history.stale) return { kept: { ...nothing, outcome: "stale" }, askFrom: null };
  if (!isStored) {
    return { kept: { ...nothing, outcome: "empty", bars: history.bars.length }, askFrom: null };
  }
  const { symbol, source } = history;
  const of = { symbol, interval, source };
  const known = await ctx.request("market.get_series", of, SeriesState);
  // the end of a piece of the past is compared with the day after it
  const nowMs = until === undefined ? ctx.now() : Math.min(ctx.now(), Date.parse(until) + dayMs);
  const findings = [
    ...barFindings(comparable(history), nowMs),
    ...currencyFindings(history, known.currency),
  ];
  const { sound, rejected } = sortOutBars(history);
  if (rejected.length > 0) {
    const bars = rejected.slice(0, quarantinedMax);
    await ctx.request("market.quarantine_bars", { ...of, bars }, Saved);
  }
  const from = firstAsked(asked, history, ctx.now());
  const saved = { history: { ...history, bars: sound }, asked: { from, until } };
  const { revised, held_back, ask_from } = await ctx.request("market.save_bars", saved, SavedBars);
  if (findings.length > 0) await ctx.request("market.save_findings", { findings }, Saved);
  const outcome = held_back !== null ? "held_back" : sound.length === 0 ? "empty" : "stored";
  return {
    kept: {
      outcome,
      reason: held_back,
      bars: sound.length,
      rejected: rejected.length,
      revised,
      findings,
    },
    askFrom: ask_from,
  };
}

const dayMs = 86_400_000;

/** The first date that was asked for; of a period counted in sessions, that of the first bar. */
function firstAsked(
  { symbol, since, period, interval }: Asked,
  { timezone, bars }: History,
  nowMs: number,
): string | undefined {
  if (since !== undefined) return since;
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timezone)
    .toPlainDate();
  const reach = reachOf(symbol, period, interval, today);
  return reach.kind === "since" ? reach.date.toString() : bars[0]?.date;
}

/** With splits taken out, so that a day's change can be judged. */
function comparable(history: History): History {
  const { basis, bars, events } = history;
  return basis === "traded" ? { ...history, bars: [...splitAdjusted(bars, events)] } : history;
}

/** Stores the sound quotes of an answer; those with an error are missing. */
export async function keepQuotes(
  answer: z.output<typeof QuotesOutput>,
  ctx: Context,
): Promise<z.output<typeof QuotesOutput>> {
  const quotes: Quote[] = [];
  const missing: Missing[] = [...answer.missing];
  const findings: Finding[] = unreadable(answer.missing, ctx.agent);
  for (const quote of answer.quotes) {
    const found = quoteFindings(quote, ctx.now());
    findings.push(...found);
    const error = found.find(({ severity }) => severity === "error");
    if (error === undefined) quotes.push(quote);
    else missing.push({ symbol: quote.symbol, code: "bad_answer", reason: error.message });
  }
  if (findings.length > 0) await ctx.request("market.save_findings", { findings }, Saved);
  const news = quotes.filter(({ stale }) => !stale);
  if (news.length > 0) await ctx.request("market.save_quotes", { quotes: news }, Saved);
  return { quotes, missing };
}

/** A value of a wrong type is a finding: the source may have changed its answers. */
function unreadable(missing: readonly Missing[], source: string): Finding[] {
  return missing.filter(({ code, symbol }) =>
    code === "bad_answer" && Finding.shape.symbol.safeParse(symbol).success
  ).map(({ symbol, reason }) => ({
    rule: "unreadable",
    severity: "error",
    symbol,
    interval: null,
    at: null,
    message: reason,
    source,
  }));
}

/** Stores the events of an answer, unless it repeats an earlier one. */
export async function keepEvents(
  answer: z.output<typeof EventsOutput>,
  ctx: Context,
): Promise<z.output<typeof EventsOutput>> {
  if (answer.stale) return answer;
  const { symbol, source, events, basis } = answer;
  await ctx.request("market.save_events", { symbol, source, events, basis, complete: true }, Saved);
  return answer;
}
