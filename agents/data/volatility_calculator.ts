/**
 * Realised volatility of price histories. Of daily, weekly and monthly bars, splits taken out and
 * dividends not; annualised by 252 sessions, 52 weeks or 12 months unless told otherwise.
 */

import { type AgentContext, AppError, Bar, defineAgent, Period, z } from "100ac";
import { requireSymbol } from "../_lib/source/symbols.ts";
import {
  barsNeeded,
  type Estimator,
  estimators,
  volatilitySeries,
} from "../_lib/statistics/volatility.ts";

const DailyOrLonger = z.enum(["1d", "1wk", "1mo"]);
const periodsPerYear = { "1d": 252, "1wk": 52, "1mo": 12 } as const;

const Basis = {
  symbol: z.string(),
  period: Period.default("6mo"),
  interval: DailyOrLonger.default("1d"),
  /** Bars in a window. */
  window: z.int().min(2).max(1_000).default(20),
  /** Periods a year that variances are multiplied with; by default those of the interval. */
  periods_per_year: z.number().positive().max(100_000).optional(),
  /** Weight of the past in `ewma`. */
  lambda: z.number().gt(0).lt(1).default(0.94),
};
const BasisInput = z.object(Basis);
type BasisInput = z.output<typeof BasisInput>;

const Answer = {
  symbol: z.string(),
  window: z.int(),
  periods_per_year: z.number(),
  /** Begin of the last bar it is made of. */
  as_of: z.iso.datetime(),
  bars: z.int(),
  source: z.string(),
  stale: z.boolean(),
};

const Synced = z.object({ source: z.string(), bars: z.array(Bar), stale: z.boolean() });

export default defineAgent({
  id: "volatility_calculator",
  description: "Realised volatility of price histories, by seven estimators",
  capabilities: {
    realized_volatility: {
      description: "The annualised volatility of a symbol at its last bar",
      input: z.object({ ...Basis, estimator: z.enum(estimators).default("close") }),
      output: z.object({ ...Answer, estimator: z.enum(estimators), annualized: z.number() }),
      idempotent: true,
      examples: {
        "Of the last 20 sessions": { symbol: "AAPL" },
        "By Yang and Zhang, of a quarter": { symbol: "AAPL", estimator: "yang_zhang", window: 63 },
      },
      async run({ estimator, ...basis }, ctx) {
        const { bars, ...answer } = await historyOf(basis, [estimator], ctx);
        const annualized = lastOf(bars, estimator, basis);
        return { ...answer, bars: bars.length, estimator, annualized };
      },
    },
    compare_estimators: {
      description: "The annualised volatility of a symbol by every estimator",
      input: BasisInput,
      output: z.object({ ...Answer, annualized: z.record(z.enum(estimators), z.number()) }),
      idempotent: true,
      examples: { "Side by side": { symbol: "AAPL", period: "1y" } },
      async run(basis, ctx) {
        const { bars, ...answer } = await historyOf(basis, estimators, ctx);
        const annualized = Object.fromEntries(
          estimators.map((estimator) => [estimator, lastOf(bars, estimator, basis)]),
        ) as Record<Estimator, number>;
        return { ...answer, bars: bars.length, annualized };
      },
    },
    volatility_series: {
      description: "The annualised volatility of a symbol at each bar; null before the first",
      input: z.object({ ...Basis, estimator: z.enum(estimators).default("close") }),
      output: z.object({
        ...Answer,
        estimator: z.enum(estimators),
        series: z.array(z.object({ date: z.iso.date(), annualized: z.number().nullable() })),
      }),
      idempotent: true,
      examples: { "A year, exponentially weighted": { symbol: "AAPL", estimator: "ewma" } },
      async run({ estimator, ...basis }, ctx) {
        const { bars, ...answer } = await historyOf(basis, [estimator], ctx);
        const values = volatilitySeries(bars, estimator, optionsOf(basis));
        const series = bars.map(({ date }, index) => ({ date, annualized: values[index] ?? null }));
        return { ...answer, bars: bars.length, estimator, series };
      },
    },
  },
});

function optionsOf({ window, lambda, interval, periods_per_year }: BasisInput) {
  return { window, lambda, periodsPerYear: periods_per_year ?? periodsPerYear[interval] };
}

/** @throws {AppError} `invalid_input`: the period has too few bars, or a price of 0 or below. */
async function historyOf(
  basis: BasisInput,
  used: readonly Estimator[],
  ctx: AgentContext<unknown>,
) {
  const symbol = requireSymbol(basis.symbol, "measure volatility");
  const { window, interval, period } = basis;
  const { bars, source, stale } = await ctx.request(
    "historical_data_loader.sync_history",
    { symbol, period, interval },
    Synced,
  );
  const last = bars.at(-1);
  const needed = Math.max(...used.map((estimator) => barsNeeded(estimator, window)));
  if (last === undefined || bars.length < needed) {
    throw new AppError(
      "invalid_input",
      `Cannot measure volatility "${symbol}": ${period} has ${bars.length} bars, a window of ` +
        `${window} takes ${needed}; ask for a longer period or a shorter window`,
    );
  }
  const bad = bars.find(({ low }) => !(low > 0));
  if (bad !== undefined) {
    throw new AppError(
      "invalid_input",
      `Cannot measure volatility "${symbol}": its low of ${bad.date} is ${bad.low}, which has no ` +
        `logarithm; ask for a period without it`,
    );
  }
  const periods_per_year = optionsOf(basis).periodsPerYear;
  return { symbol, window, periods_per_year, as_of: last.start, source, stale, bars };
}

function lastOf(bars: readonly Bar[], estimator: Estimator, basis: BasisInput): number {
  const { window } = basis;
  const needed = estimator === "ewma" ? bars.length : barsNeeded(estimator, window);
  return volatilitySeries(bars.slice(-needed), estimator, optionsOf(basis)).at(-1) ?? 0;
}
