/**
 * Quotes, corporate events, and findings about market data. Field names match those in their JSON;
 * instants are UTC milliseconds.
 */

/** A quote with the same instant replaces the earlier one. */
export interface SaveQuote {
  readonly kind: "save_quote";
  readonly source: string;
  readonly symbol: string;
  readonly as_of: number;
  readonly price: number;
  readonly currency: string | null;
  readonly name: string | null;
  readonly exchange: string | null;
  readonly previous_close: number | null;
  readonly open: number | null;
  readonly day_high: number | null;
  readonly day_low: number | null;
  readonly volume: number | null;
  readonly market_cap: number | null;
  readonly recorded_at: number;
}

export interface SaveMarketEvent {
  readonly kind: "save_market_event";
  readonly source: string;
  readonly symbol: string;
  readonly event_kind: "dividend" | "split" | "earnings";
  readonly date: string;
  readonly dated_by: string;
  readonly amount: number | null;
  readonly estimate: number | null;
  readonly numerator: number | null;
  readonly denominator: number | null;
  readonly estimated: boolean;
  readonly currency: string | null;
  readonly recorded_at: number;
}

/**
 * Deletes expected dates that the source no longer gives, because they have moved; runs before
 * {@link SaveMarketEvent}.
 */
export interface ForgetEstimates {
  readonly kind: "forget_estimates";
  readonly source: string;
  readonly symbol: string;
}

/** Saves a finding, or increases its count if it exists. */
export interface SaveFinding {
  readonly kind: "save_finding";
  readonly rule: string;
  readonly severity: string;
  readonly source: string;
  readonly symbol: string;
  /** "" for a finding that is not about bars, because a key column cannot be null. */
  readonly interval: string;
  /** 0 for a finding without an instant. */
  readonly at: number;
  readonly message: string;
  readonly agent_id: string;
  readonly seen_at: number;
}

/** Deletes findings that were last seen before an instant. */
export interface DropOldFindings {
  readonly kind: "drop_old_findings";
  readonly before: number;
}

export type MarketOperation =
  | SaveQuote
  | SaveMarketEvent
  | ForgetEstimates
  | SaveFinding
  | DropOldFindings;
