/**
 * Quotes, events of shares, and findings about market data. They keep the names of their JSON;
 * instants are UTC milliseconds.
 */

/** A quote of the same instant is the same quote, as it was reported last. */
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
 * An expected date that the source no longer gives has moved; runs before
 * {@link SaveMarketEvent}.
 */
export interface ForgetEstimates {
  readonly kind: "forget_estimates";
  readonly source: string;
  readonly symbol: string;
}

/** A finding that comes again is counted. */
export interface SaveFinding {
  readonly kind: "save_finding";
  readonly rule: string;
  readonly severity: string;
  readonly source: string;
  readonly symbol: string;
  /** "" where the finding is not about bars: a key holds no null. */
  readonly interval: string;
  /** 0 where the finding has no instant. */
  readonly at: number;
  readonly message: string;
  readonly agent_id: string;
  readonly seen_at: number;
}

/** Forgets findings that were last met before an instant. */
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
