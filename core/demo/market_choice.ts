/**
 * Which market the demo shows: `AC100_MARKET_DATA` decides; `auto`, the default, is Yahoo where it
 * answers, and the simulated market, said so, where it does not. Only the demo swaps like that:
 * a daemon never shows simulated data for real.
 */

import { AppError, toErrorData } from "../errors.ts";
import type { Hosts } from "../host/hosts.ts";

export type MarketChoice = "auto" | "yahoo" | "simulated";

const answerMsMax = 3_000;

/** Codes that mean: Yahoo can't be had here, whatever one asks. */
const refusals = ["source_down", "deadline_exceeded", "rate_limited", "unauthorized"];

/** @throws {AppError} `invalid_config`. */
export function readMarketChoice(value: string | undefined): MarketChoice {
  if (value === undefined || value === "" || value === "auto") return "auto";
  if (value === "yahoo" || value === "simulated") return value;
  throw new AppError(
    "invalid_config",
    `Cannot choose market "${value}": AC100_MARKET_DATA is none of auto, yahoo, simulated`,
  );
}

/** Why Yahoo can't be had; undefined when it answers. Asks for one quote. */
export async function whyNoYahoo(hosts: Hosts): Promise<string | undefined> {
  try {
    await hosts.invoke({
      address: "yahoo.fetch_quotes",
      input: JSON.stringify({ symbols: ["AAPL"] }),
      caller: "daemon",
      timeoutMs: answerMsMax,
      signal: new AbortController().signal,
    });
    return undefined;
  } catch (thrown) {
    const { code, message } = toErrorData(thrown);
    // Anything else is Yahoo answering in a way we do not understand: the demo should show it.
    return refusals.includes(code) ? message : undefined;
  }
}
