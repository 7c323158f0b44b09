/** Fields of the inputs of `market` capabilities: a series of bars, the instants of a read. */

import { z } from "zod";
import { Interval, MarketSymbol, SourceName } from "../sdk/market.ts";
import type { Known } from "../store/reads/bars.ts";

/** The fields that identify a series, to combine with others. */
export const series = { symbol: MarketSymbol, interval: Interval, source: SourceName };
/** The fields that identify a series, and no others. */
export const Series = z.strictObject(series);
export type Series = z.output<typeof Series>;

/** The most events of a symbol that one request reads or writes. */
export const eventsMax = 5_000;

/** The instants of a read, to combine with other fields. */
export const instants = {
  /** Only what was public at this instant. */
  as_of: z.iso.datetime().optional(),
  /** Only what this store held at this instant. */
  recorded_by: z.iso.datetime().optional(),
};

/**
 * Up to which instants a read may know: the requested ones, but no later than the instant of the
 * request itself.
 */
export function knownAt(
  asked: { readonly as_of?: string | undefined; readonly recorded_by?: string | undefined },
  asOfMs: number | undefined,
): Known {
  const asOf = asked.as_of === undefined
    ? asOfMs
    : Math.min(Date.parse(asked.as_of), asOfMs ?? Infinity);
  const recordedBy = asked.recorded_by === undefined ? undefined : Date.parse(asked.recorded_by);
  return { asOfMs: asOf, recordedByMs: recordedBy };
}
