/** What is read of quotes, events and findings, in the names of their JSON. */

import type { SaveFinding, SaveMarketEvent, SaveQuote } from "../operations/market.ts";
import type { DatedEvent, Known } from "./bars.ts";

export type StoredQuote = Omit<SaveQuote, "kind" | "recorded_at">;
export type StoredEvent = Omit<SaveMarketEvent, "kind" | "recorded_at">;

/** A finding with when and how often it was met. */
export interface StoredFinding extends Omit<SaveFinding, "kind" | "seen_at"> {
  readonly first_seen_at: number;
  readonly last_seen_at: number;
  readonly seen_count: number;
}

export interface MarketReads {
  /** Of each symbol the newest quote that was known at an instant, if it has one. */
  newest_quotes(
    ask: { source: string; symbols: readonly string[]; knownAtMs: number },
  ): readonly StoredQuote[];
  /** From one date to another, both included; the latest first. */
  market_events(
    ask: Known & {
      source: string;
      symbol: string;
      fromDate: string;
      toDate: string;
      limit: number;
    },
  ): readonly StoredEvent[];
  /** Splits and dividends that have been, the latest first. */
  adjusting_events(
    ask: { source: string; symbol: string; limit: number },
  ): readonly DatedEvent[];
  /** What was met last comes first. */
  findings(
    ask: { symbol?: string | undefined; severity?: string | undefined; limit: number },
  ): readonly StoredFinding[];
}
