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

/** Identifies an event; several of one kind on one date are told apart by their place. */
export interface EventKey {
  readonly source: string;
  readonly symbol: string;
  readonly event_kind: "dividend" | "split" | "earnings";
  readonly date: string;
  readonly place: number;
}

/** The values of an event: if one differs, the event has changed. */
export const eventValues = [
  "dated_by",
  "dividend_kind",
  "amount",
  "estimate",
  "numerator",
  "denominator",
  "estimated",
  "currency",
] as const;

/** Inserts an event, or replaces its values; runs after {@link DropMarketEvent}. */
export interface SaveMarketEvent extends EventKey {
  readonly kind: "save_market_event";
  readonly dated_by: string;
  readonly dividend_kind: string | null;
  /** Dividend: per share, as paid. */
  readonly amount: number | null;
  readonly estimate: number | null;
  readonly numerator: number | null;
  readonly denominator: number | null;
  readonly estimated: boolean;
  readonly currency: string | null;
  readonly public_at: number;
  readonly recorded_at: number;
  readonly agent_id: string;
}

/** Saves the current version of an event that is about to change or to go; runs first. */
export interface KeepMarketEvent extends EventKey {
  readonly kind: "keep_market_event";
  readonly superseded_at: number;
  readonly hidden_at: number;
}

/** Deletes an event that its source has withdrawn. */
export interface DropMarketEvent extends EventKey {
  readonly kind: "drop_market_event";
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
  | KeepMarketEvent
  | DropMarketEvent
  | SaveFinding
  | DropOldFindings;
