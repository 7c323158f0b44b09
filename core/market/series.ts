/** Identifies a series of bars in the inputs of `market` capabilities. */

import { z } from "zod";
import { Interval, type MarketEvent, MarketSymbol, SourceName } from "../sdk/market.ts";
import type { SaveMarketEvent } from "../store/operations/market.ts";

/** The fields that identify a series, to combine with others. */
export const series = { symbol: MarketSymbol, interval: Interval, source: SourceName };
/** The fields that identify a series, and no others. */
export const Series = z.strictObject(series);
export type Series = z.output<typeof Series>;

/** The most events of a symbol that one request reads or writes. */
export const eventsMax = 5_000;

/**
 * The instant, in UTC milliseconds, up to which a read may know: the requested one, but no later
 * than the instant of the request itself; undefined means now.
 */
export function knownUntil(
  asked: string | undefined,
  asOfMs: number | undefined,
): number | undefined {
  if (asked === undefined) return asOfMs;
  return Math.min(Date.parse(asked), asOfMs ?? Infinity);
}

/** Converts an event to an operation. */
export function saveEvent(
  { source, symbol }: Pick<Series, "source" | "symbol">,
  { kind, ...event }: MarketEvent,
  recorded_at: number,
): SaveMarketEvent {
  return { ...event, kind: "save_market_event", event_kind: kind, source, symbol, recorded_at };
}
