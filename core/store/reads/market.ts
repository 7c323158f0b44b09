/** Reads of quotes, events and findings. Field names match those in their JSON. */

import type { SaveFinding, SaveMarketEvent, SaveQuote } from "../operations/market.ts";
import type { Known } from "./bars.ts";

export type StoredQuote = Omit<SaveQuote, "kind" | "recorded_at">;
export type StoredEvent = Omit<SaveMarketEvent, "kind" | "agent_id">;

/** A finding with the times and the number of its sightings. */
export interface StoredFinding extends Omit<SaveFinding, "kind" | "seen_at"> {
  readonly first_seen_at: number;
  readonly last_seen_at: number;
  readonly seen_count: number;
}

export interface MarketReads {
  /** The newest quote of each symbol that was known at an instant, if any. */
  newest_quotes(
    ask: { source: string; symbols: readonly string[]; knownAtMs: number },
  ): readonly StoredQuote[];
  /** From one date to another, both included; latest first. */
  market_events(
    ask: Known & {
      source: string;
      symbol: string;
      fromDate: string;
      toDate: string;
      limit: number;
    },
  ): readonly StoredEvent[];
  /** The most recently seen first. */
  findings(
    ask: { symbol?: string | undefined; severity?: string | undefined; limit: number },
  ): readonly StoredFinding[];
}
