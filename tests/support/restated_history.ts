/** Histories whose bars a source corrects round after round: each close tells its round. */

import type { History } from "100ac";
import { sessionsBetween } from "100ac/calendar";
import { barOf, historyOf } from "../agents/market_values.ts";

/** A day after the last bar. */
export const restatedNowMs = Date.parse("2024-01-01T12:00:00Z");
/** Restated at once, so that their writes meet in a transaction. */
export const restatedSymbols = ["AAPL", "MSFT", "NVDA"];

const sessions = sessionsBetween("XNYS", "2023-01-01", "2023-12-31");
/** So high that a correction is not taken for a split, and low enough to be no rounding. */
const basePrice = 100_000;

/** A year of daily bars as they are told in a round. */
export function restatedHistory(symbol: string, round: number): History {
  const close = basePrice + round;
  const prices = { open: basePrice, low: basePrice, high: 2 * basePrice, close };
  const bars = sessions.map(({ date, openAtMs }) =>
    barOf(date, { start: new Date(openAtMs).toISOString(), ...prices })
  );
  return historyOf(symbol, bars);
}

/** The round in which a close was told; 0 without a bar. */
export function roundOf(close: number | undefined): number {
  return close === undefined ? 0 : close - basePrice;
}
