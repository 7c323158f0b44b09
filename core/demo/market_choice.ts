/**
 * Chooses the demo's market by `AC100_MARKET_DATA`. The default, `auto`, uses Yahoo if it answers;
 * otherwise it uses the simulated market and says so. Only the demo does this: a daemon never
 * replaces real data by simulated data.
 */

import { AppError, toErrorData } from "../errors.ts";
import type { Hosts } from "../host/hosts.ts";

export type MarketChoice = "auto" | "yahoo" | "simulated";

const answerMsMax = 3_000;

/** Codes that mean that Yahoo can't be used here at all. */
const refusals = ["source_down", "deadline_exceeded", "rate_limited", "unauthorized"];

/** @throws {AppError} `invalid_config`. */
export function readMarketChoice(value: string | undefined): MarketChoice {
  if (value === undefined || value === "" || value === "auto") return "auto";
  if (value === "yahoo" || value === "simulated") return value;
  throw new AppError(
    "invalid_config",
    `Cannot choose market "${value}": AC100_MARKET_DATA must be auto, yahoo or simulated`,
  );
}

/** Why Yahoo can't be used; undefined if it answers. Requests one quote. */
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
    // Other errors are unexpected answers from Yahoo, which the demo should show.
    return refusals.includes(code) ? message : undefined;
  }
}
