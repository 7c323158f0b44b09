/** Which prices can be. Pure. */

import type { Bar, Finding } from "100ac";

export const barPrices = ["open", "high", "low", "close"] as const;

/** True for a bar on which no rule finds an error: the bars that may be stored. */
export function isSoundBar(symbol: string, bar: Bar): boolean {
  if (bar.high < bar.low || (bar.volume ?? 0) < 0) return false;
  return mayFallBelowZero(symbol) || barPrices.every((field) => bar[field] > 0);
}

/**
 * Futures and indices of rates do: crude oil closed at -37.63 on 2020-04-20, the 13-week Treasury
 * bill's rate was below zero in March 2020. What can be owned without a duty can't.
 */
function mayFallBelowZero(symbol: string): boolean {
  return symbol.startsWith("^") || symbol.endsWith("=F");
}

/** How bad a price of 0 or below is. */
export function priceSeverity(symbol: string): Finding["severity"] {
  return mayFallBelowZero(symbol) ? "warning" : "error";
}
