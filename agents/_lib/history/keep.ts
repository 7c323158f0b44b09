/** What is done with every history a source gives, before anybody is told of it. */

import { type AgentContext, Finding, History, SeriesState, z } from "100ac";
import { currencyFindings, sortOutBars } from "../quality/bar_rules.ts";
import { barFindings } from "../quality/quality.ts";

/** A history as it was stored; `bars` holds the sound ones alone. */
export const Loaded = History.extend({
  bars_loaded: z.int(),
  /** Bars with an error: found, logged, put into quarantine, and kept out of `bars`. */
  bars_rejected: z.int(),
  /** Past bars that the source has changed since they were stored. */
  bars_revised: z.int(),
  first_date: z.iso.date().nullable(),
  last_date: z.iso.date().nullable(),
  findings: z.array(Finding),
});
export type Loaded = z.infer<typeof Loaded>;

const Saved = z.object({ saved: z.int() });
const SavedBars = z.object({ revised: z.int() });
/** Rejected bars that are kept to be looked at; of more the first. */
const quarantinedMax = 5_000;

export interface Keeping {
  /** The instant that the end is held against: an earlier one for a piece of the past. */
  readonly nowMs?: number;
  /** Whether it reaches back to the first stored bar: all are restated for its events then. */
  readonly restated?: boolean;
}

/** Checks a history, stores what is sound and what was found, and tells of it. */
export async function keepHistory(
  fetched: History,
  ctx: AgentContext<unknown>,
  { nowMs = ctx.now(), restated = false }: Keeping = {},
): Promise<Loaded> {
  const { symbol, interval, source } = fetched;
  const of = { symbol, interval, source };
  const known = await ctx.request("market.get_series", of, SeriesState);
  const findings = [
    ...barFindings(fetched, nowMs),
    ...currencyFindings(fetched, known.currency),
  ];
  const { sound, rejected } = sortOutBars(fetched);
  const history = { ...fetched, bars: [...sound] };
  if (findings.length > 0) await ctx.request("market.save_findings", { findings }, Saved);
  if (rejected.length > 0) {
    const bars = rejected.slice(0, quarantinedMax);
    await ctx.request("market.quarantine_bars", { ...of, bars }, Saved);
  }
  const { revised } = sound.length > 0
    ? await ctx.request("market.save_bars", { history, restated }, SavedBars)
    : { revised: 0 };
  const summary = {
    ...of,
    bars_loaded: sound.length,
    first_date: sound[0]?.date ?? null,
    last_date: sound.at(-1)?.date ?? null,
  };
  if (sound.length > 0) ctx.publish("market.bars_loaded", summary);
  return {
    ...history,
    ...summary,
    bars_rejected: rejected.length,
    bars_revised: revised,
    findings,
  };
}
