/** Histories that a source restates round after round: each close is the round it was told in. */

import type { History } from "100ac";
import { sessionsBetween } from "100ac/calendar";
import { barOf, historyOf } from "../agents/market_values.ts";

/** A day after the last bar. */
export const restatedNowMs = Date.parse("2024-01-01T12:00:00Z");
/** Restated at once, so that their writes meet in a transaction. */
export const restatedSymbols = ["AAPL", "MSFT", "NVDA"];

const sessions = sessionsBetween("XNYS", "2023-01-01", "2023-12-31");

/** A year of daily bars as they are told in a round. */
export function restatedHistory(symbol: string, round: number): History {
  const bars = sessions.map(({ date, openAtMs }) =>
    barOf(date, { start: new Date(openAtMs).toISOString(), close: round })
  );
  return historyOf(symbol, bars);
}
