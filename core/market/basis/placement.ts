/**
 * Decides what becomes of a source's answer, so that a series always has one basis. Pure.
 *
 * Bars are stored as traded: what the source has adjusted its prices by is taken back with the
 * splits that came with them. An answer then extends the series, if it agrees with the stored bars;
 * or replaces it whole, if it shows that these were stored on a wrong basis; or is held back. A
 * series whose adjustment cannot be undone keeps its source's basis, and one answer is never mixed
 * with another that is adjusted by more.
 */

import type { Bar, History, MarketEvent, Prices } from "../../sdk/market.ts";
import { asTraded } from "../../sdk/splits.ts";
import type { KnownBar } from "../../store/reads/bars.ts";
import type { StoredEvent } from "../../store/reads/market.ts";
import { causeOf } from "./causes.ts";
import { contradiction } from "./contradiction.ts";
import { type Drift, driftsOf, type Pair } from "./drift.ts";
import { isFiledByDate, slotOf } from "./slots.ts";
import type { Split } from "./twin_splits.ts";

/** What is stored of a series that an answer is compared with. */
export interface Stored {
  /** Null: no bar is stored. */
  readonly firstDate: string | null;
  readonly basis: string | null;
  readonly currency: string | null;
  /** Final bars of the answer's slots, by slot. */
  readonly finalBars: ReadonlyMap<number, KnownBar>;
  /** The date of the final bar that is nearest to the answer's first, before it if there is one. */
  readonly nearestDate: string | null;
  /** Splits of now, in any order. */
  readonly splits: readonly StoredEvent[];
}

export type Placement =
  | {
    readonly kind: "extend";
    readonly basis: Prices;
    readonly bars: readonly Bar[];
    /** Stored splits that the source has withdrawn. */
    readonly withdrawn: readonly StoredEvent[];
  }
  | {
    readonly kind: "replace";
    readonly basis: Prices;
    readonly bars: readonly Bar[];
    readonly withdrawn: readonly StoredEvent[];
    /** `always`: what was stored was never right; `now`: it was right until now. */
    readonly since: "always" | "now";
    /** The date of the last bar that is restated; later ones only extend the series. */
    readonly restatedUntil: string;
  }
  | {
    readonly kind: "hold";
    readonly reason: string;
    /** An answer from this date on may be decided; null: only a later one. */
    readonly askFrom: string | null;
  };

export interface Asked {
  /** The first date that the source was asked for. */
  readonly from?: string | undefined;
  /** The exchange's date of the answer. */
  readonly today: string;
}

/** Decides about the sound bars of an answer, of which there is at least one. */
export function place(answer: History, stored: Stored, asked: Asked): Placement {
  const told = answer.events.filter(({ kind, date }) => kind === "split" && date <= asked.today);
  const basis = canBeUndone(answer) ? "traded" : answer.basis;
  const isUndone = basis === "traded" && answer.basis === "split_adjusted";
  const begin = answer.bars[0]?.date ?? "";
  const earlier = stored.splits.filter(({ date }) => date <= begin).map(toEvent);
  const isCompared = answer.bars.some((bar) => stored.finalBars.has(slotOf(answer.interval, bar)));
  const wrong = isUndone ? contradiction(answer.bars, told, { earlier, isCompared }) : undefined;
  if (wrong !== undefined) return { kind: "hold", reason: wrong, askFrom: null };
  const bars = isUndone ? asTraded(answer.bars, told) : answer.bars;
  const { firstDate } = stored;
  const lacking = isUndone ? lackingSplits(begin, told, stored, asked) : [];
  const extended = { kind: "extend", basis, bars, withdrawn: [] } as const;
  if (firstDate === null) {
    const [unproven] = lacking;
    return unproven === undefined
      ? extended
      : { kind: "hold", reason: lacksSplit(unproven), askFrom: null };
  }
  // sources keep bars within a day for a while only: what they have of them is all there is
  const isAllThereIs = !isFiledByDate(answer.interval) && (asked.from ?? "9") <= firstDate;
  const isWhole = begin <= firstDate || isAllThereIs;
  const restatedUntil = bars.at(-1)?.date ?? "";
  const replaced = { kind: "replace", basis, bars, withdrawn: [], restatedUntil } as const;
  const hold = (reason: string): Placement => (
    { kind: "hold", reason, askFrom: isWhole ? null : firstDate }
  );
  if (stored.basis !== basis) {
    if (isWhole) return { ...replaced, since: stored.basis === "unknown" ? "always" : "now" };
    return hold(`the stored bars are on the basis "${stored.basis}", these are "${basis}"`);
  }
  const drifts = driftsOf(pairsOf(answer, bars, stored));
  if (answer.currency !== stored.currency && answer.currency !== null && stored.currency !== null) {
    const reason = `its currency is ${answer.currency}, the stored bars are in ${stored.currency}`;
    if (drifts.length === 0) return hold(`${reason}, with the same prices`);
    return isWhole ? { ...replaced, since: "now" } : hold(reason);
  }
  if (basis !== "traded") {
    if (agreesExactly(answer, bars, stored)) return extended;
    return isWhole ? { ...replaced, since: "now" } : hold("its prices are adjusted by more");
  }
  const compared = { bars, drifts, lacking, isWhole, asked };
  return placeTraded(answer, told, { ...stored, firstDate }, compared);
}

interface Traded {
  readonly bars: readonly Bar[];
  readonly drifts: readonly Drift[];
  /** Known splits that the answer does not have. */
  readonly lacking: readonly StoredEvent[];
  readonly isWhole: boolean;
  readonly asked: Asked;
}

function placeTraded(
  answer: History,
  told: readonly MarketEvent[],
  stored: Stored & { readonly firstDate: string },
  { bars, drifts, lacking, isWhole, asked }: Traded,
): Placement {
  const hold = (reason: string): Placement => (
    { kind: "hold", reason, askFrom: isWhole ? null : stored.firstDate }
  );
  // an answer without any event has lost them: it shows nothing to be withdrawn
  const withdrawn = answer.events.length === 0 ? [] : lacking;
  const placed = { basis: "traded", bars, withdrawn } as const;
  const news = { told, withdrawn, known: stored.splits };
  const explained = drifts.map((drift) => ({ drift, cause: causeOf(drift, news) }))
    .filter(({ drift, cause }) => cause !== undefined || !isCorrection(drift, lacking));
  const last = explained.at(-1);
  if (last === undefined) {
    const compared = bars.filter((bar) => stored.finalBars.has(slotOf(answer.interval, bar)));
    const { nearestDate } = stored;
    const from = asked.from ?? bars[0]?.date ?? "";
    // what a source has from this date on shows whether it has a bar to compare with
    const furthest = isFiledByDate(answer.interval) ? stored.firstDate : nearestDate;
    if (compared.length === 0 && nearestDate !== null && furthest !== null && from > furthest) {
      const reason =
        `it shares no final bar with the stored ones; the nearest is of ${nearestDate}`;
      const askFrom = from > nearestDate ? nearestDate : furthest;
      return { kind: "hold", reason, askFrom };
    }
    const unproven = lacking.find(({ date }) => !compared.some((bar) => bar.date < date));
    if (unproven === undefined) return { kind: "extend", ...placed };
    return hold(lacksSplit(unproven));
  }
  const unexplained = explained.find(({ cause }) => cause === undefined)?.drift;
  if (unexplained !== undefined) {
    const factor = unexplained.ratio.toPrecision(4);
    return hold(
      `its bars until ${unexplained.lastDate} are ${factor} times the stored ones, ` +
        "and no split explains it",
    );
  }
  if (!isWhole) return hold("a split restates the series");
  const since = explained.some(({ cause }) => cause === "now") ? "now" : "always";
  return { kind: "replace", ...placed, since, restatedUntil: last.drift.lastDate };
}

/**
 * What one split does to prices, it does to all bars before it: bars that differ after some that
 * agree are corrections. Two splits can cancel out in the earlier bars, but then one is lacking.
 */
function isCorrection({ afterSame }: Drift, lacking: readonly StoredEvent[]): boolean {
  return afterSame && lacking.length === 0;
}

/** Known splits that would be in the answer if its source still had them. */
function lackingSplits(
  begin: string,
  told: readonly MarketEvent[],
  { splits }: Stored,
  { today }: Asked,
): StoredEvent[] {
  return splits.filter((split) =>
    split.date > begin && split.date <= today && !told.some(isSameDay(split))
  );
}

function lacksSplit({ date }: StoredEvent): string {
  return `it lacks the split of ${date}, which is known`;
}

function canBeUndone({ basis, events_complete }: History): boolean {
  return basis === "traded" || (basis === "split_adjusted" && events_complete);
}

/** Stored final bars beside those of the answer. */
function pairsOf({ interval }: History, bars: readonly Bar[], { finalBars }: Stored): Pair[] {
  return bars.flatMap((bar) => {
    const known = finalBars.get(slotOf(interval, bar));
    return known === undefined ? [] : [{ bar, known }];
  });
}

function agreesExactly(answer: History, bars: readonly Bar[], stored: Stored): boolean {
  const pairs = pairsOf(answer, bars, stored);
  return pairs.length > 0 && pairs.every(({ bar, known }) =>
    isSame(bar.close, known.close) &&
    isSame(bar.adjusted_close ?? 0, known.adjusted_close ?? 0)
  );
}

function toEvent({ event_kind, date, numerator, denominator }: StoredEvent): Split {
  return { kind: event_kind, date, numerator, denominator };
}

function isSameDay({ date }: { readonly date: string }) {
  return (other: { readonly date: string }): boolean => other.date === date;
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b));
}
