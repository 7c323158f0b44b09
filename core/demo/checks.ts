/** The claims of the demo: each line checks an answer of an agent or the control plane. */

import { z } from "zod";
import { priceText } from "../cli/show/units.ts";
import type { ExecutionView } from "../http/api.ts";
import { Quote } from "../sdk/market.ts";

/** Sends a request to an agent; returns its output. */
export type Ask = (address: string, input: unknown) => Promise<unknown>;

export interface Check {
  readonly title: string;
  /** The line's text and any lines below it. @throws {Error} if the check fails. */
  look(ask: Ask): Promise<readonly string[]>;
}

const greeting = "Hello from orchestrator!";
const symbols = ["AAPL", "MSFT", "GOOGL"];
/** A month has 19 to 23 sessions; the boundary days may add one. */
const monthOfSessions = { min: 17, max: 24 };

export const communicationChecks: readonly Check[] = [
  {
    title: "Test Agent Echo",
    look: async (ask) => {
      const Echo = z.object({ message: z.literal(greeting) });
      const { message } = Echo.parse(await ask("test_agent.echo", { message: greeting }));
      return [`"${message}"`];
    },
  },
  {
    title: "Test Agent Add",
    look: async (ask) => {
      const Sum = z.object({ result: z.literal(42) });
      const { result } = Sum.parse(await ask("test_agent.add", { a: 10, b: 32 }));
      return [`10 + 32 = ${result}`];
    },
  },
  {
    title: "Market Data Validation",
    look: async (ask) => {
      const Verdict = z.object({ symbol: z.literal("AAPL"), valid: z.literal(true) });
      const { symbol } = Verdict.parse(
        await ask("market_data_fetcher.validate_symbol", { symbol: "AAPL" }),
      );
      return [`${symbol} is valid`];
    },
  },
];

export const dataChecks: readonly Check[] = [
  {
    title: "Fetch Single Quote",
    look: async (ask) => {
      const quote = Quote.parse(await ask("market_data_fetcher.fetch_quote", { symbol: "AAPL" }));
      expect(quote.price > 0, "the price is not positive");
      return [`${quote.symbol} @ ${priceOf(quote)}`];
    },
  },
  {
    title: `Fetch Batch Quotes (${symbols.length} symbols)`,
    look: async (ask) => {
      const Batch = z.object({ quotes: z.array(Quote), missing: z.array(z.unknown()).length(0) });
      const { quotes } = Batch.parse(await ask("market_data_fetcher.fetch_batch", { symbols }));
      const fetched = quotes.map(({ symbol }) => symbol).join();
      expect(fetched === symbols.join(), `it fetched ${fetched}`);
      return ["", ...quotes.map((quote) => `- ${quote.symbol}: ${priceOf(quote)}`)];
    },
  },
  {
    title: "Load Historical Data",
    look: async (ask) => {
      const Loaded = z.object({ bars_loaded: z.int(), last_date: z.iso.date() });
      const { bars_loaded, last_date } = Loaded.parse(
        await ask("historical_data_loader.load_history", {
          symbol: "AAPL",
          period: "1mo",
          interval: "1d",
        }),
      );
      const { min, max } = monthOfSessions;
      expect(bars_loaded >= min && bars_loaded <= max, `the month has ${bars_loaded} bars`);
      return [`AAPL 1mo/1d - ${bars_loaded} bars loaded, the last of ${last_date}`];
    },
  },
];

/** The workflows, with the expected results of their steps. */
export const workflowChecks: readonly {
  readonly name: string;
  readonly results: readonly z.ZodType[];
}[] = [
  {
    name: "simple_test",
    results: [
      z.object({ message: z.literal("Hello from workflow!") }),
      z.object({ result: z.literal(42) }),
    ],
  },
  {
    name: "market_data_pipeline",
    results: [
      z.object({ symbol: z.literal("AAPL"), valid: z.literal(true) }),
      z.object({ quotes: z.array(Quote).length(5) }),
      z.object({ symbol: z.literal("AAPL"), original: z.literal("aapl") }),
    ],
  },
  {
    name: "historical_analysis",
    results: [
      z.object({ symbol: z.literal("AAPL"), bars_loaded: z.int().min(monthOfSessions.min) }),
      z.object({ symbol: z.literal("AAPL"), dates: z.array(z.iso.date()).min(1) }),
    ],
  },
  {
    name: "daily_market_snapshot",
    results: [
      z.object({ quotes: z.array(Quote).length(3) }),
      z.object({ histories: z.array(z.object({ bars_loaded: z.int().min(1) })).length(3) }),
      z.object({ symbol: z.literal("AAPL"), dates: z.array(z.iso.date()).min(1) }),
    ],
  },
];

/** @throws {Error} if the execution did not complete with the expected results. */
export function checkExecution(execution: ExecutionView, results: readonly z.ZodType[]): void {
  expect(execution.status === "completed", execution.error?.message ?? execution.status);
  const steps = execution.steps ?? [];
  expect(steps.length === results.length, `it has ${steps.length} steps`);
  results.forEach((schema, index) => schema.parse(steps[index]?.result));
}

export function expect(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

function priceOf({ price, currency, source }: Quote): string {
  return priceText(price, currency) + (source === "simulated" ? " (simulated)" : "");
}
