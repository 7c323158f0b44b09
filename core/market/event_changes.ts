/**
 * Turns the events of an answer into operations: new ones, changed ones with their old version
 * kept, and withdrawn ones. Pure.
 *
 * The first version of a split or dividend counts as public from its date at the latest; a changed
 * one from the instant at which the change was recorded.
 */

import type { MarketEvent, Prices } from "../sdk/market.ts";
import { ratioAfter, splitRatio } from "../sdk/splits.ts";
import type { Operation } from "../store/operation.ts";
import { type EventKey, eventValues, type SaveMarketEvent } from "../store/operations/market.ts";
import type { StoredEvent } from "../store/reads/market.ts";
import { isProduct } from "./basis/causes.ts";
import { twinOf } from "./basis/twin_splits.ts";
import { beginMs } from "./basis/slots.ts";

export interface EventContext {
  readonly source: string;
  readonly symbol: string;
  readonly agent: string;
  /** What dividend amounts are adjusted by. */
  readonly basis: Prices;
  /** The first date from which the answer has all splits and dividends; null: unknown. */
  readonly from: string | null;
  /** The exchange's date of the answer. */
  readonly today: string;
  readonly nowMs: number;
  /** Splits that are known to be withdrawn. */
  readonly withdrawn: readonly StoredEvent[];
  /** Whether the answer has all expected dates: those it lacks have moved. */
  readonly hasEstimates?: boolean;
}

type Values = Omit<SaveMarketEvent, "kind" | "public_at" | "recorded_at" | "agent_id">;

/** `stored` are the current events of the kinds that the answer may hold. */
export function eventChanges(
  told: readonly MarketEvent[],
  stored: readonly StoredEvent[],
  context: EventContext,
): Operation[] {
  const known = new Map(stored.map((event) => [keyOf(event), event]));
  // the bars of an answer say nothing about splits before the first of them, or to come twice
  const proven = told.filter((event) =>
    event.kind !== "split" || (event.date > (context.from ?? "") &&
      (event.date <= context.today || twinOf(event, told) === undefined))
  );
  const rows = rowsOf(proven, context);
  const splits = told.filter(({ kind, date }) => kind === "split" && date <= context.today);
  const changes = [...rows.values()].flatMap((row) => {
    const before = known.get(keyOf(row));
    if (before === undefined) return [save(row, firstPublicAt(row, context.nowMs), context)];
    if (!eventValues.some((name) => before[name] !== row[name])) return [];
    return changed(row, before, splits, context);
  });
  const gone = stored.filter((event) =>
    !rows.has(keyOf(event)) && isWithdrawn(event, told, context)
  );
  return [...changes, ...gone.flatMap((event) => withdraw(event, context))];
}

/** By key; events of one kind and date take their places in the order of the answer. */
function rowsOf(
  told: readonly MarketEvent[],
  { source, symbol, basis, today }: EventContext,
): ReadonlyMap<string, Values> {
  const splits = told.filter(({ kind, date }) => kind === "split" && date <= today);
  const rows = new Map<string, Values>();
  for (const { kind, symbol: _, source: __, ...event } of told) {
    const key = { source, symbol, event_kind: kind, date: event.date, place: 0 };
    while (rows.has(keyOf(key))) key.place++;
    const isAdjusted = kind === "dividend" && basis !== "traded" && event.amount !== null;
    // a dividend is per share of its own day
    const amount = isAdjusted ? (event.amount ?? 0) * ratioAfter(event.date, splits) : event.amount;
    rows.set(keyOf(key), { ...event, ...key, amount });
  }
  return rows;
}

/**
 * An amount that changes by the ratio of splits was stored while these were taken out and not
 * reported, or reported and not taken out: then it was never right. If it was stored before their
 * dates, the new one is wrong.
 */
function changed(
  row: Values,
  before: StoredEvent,
  splits: readonly MarketEvent[],
  context: EventContext,
): Operation[] {
  const factor = (row.amount ?? 1) / (before.amount ?? 1);
  const later = row.event_kind === "dividend" ? splits.filter(({ date }) => date > row.date) : [];
  const [unseen, seen] = [true, false].map((isUnseen) =>
    later.filter(({ date }) => before.recorded_at >= beginMs(date) === isUnseen).map(splitRatio)
  );
  if (isProduct(factor, seen ?? [])) return [];
  const recorded_at = Math.max(context.nowMs, before.recorded_at + 1);
  const wasNeverRight = [factor, 1 / factor].some((ratio) => isProduct(ratio, unseen ?? []));
  const public_at = wasNeverRight ? before.public_at : recorded_at;
  return [
    { kind: "keep_market_event", ...idOf(row), superseded_at: recorded_at, hidden_at: public_at },
    save(row, public_at, { ...context, nowMs: recorded_at }),
  ];
}

/**
 * What a complete answer lacks is withdrawn; not where it has no split or dividend at all, as
 * answers do whose events are missing for other reasons.
 */
function isWithdrawn(
  event: StoredEvent,
  told: readonly MarketEvent[],
  { from, today, withdrawn, hasEstimates = false }: EventContext,
): boolean {
  if (event.estimated) return hasEstimates;
  if (event.event_kind === "split") return withdrawn.some((one) => keyOf(one) === keyOf(event));
  if (event.event_kind !== "dividend" || from === null) return false;
  const isCovered = event.date > from && event.date <= today;
  return isCovered && told.some(({ kind, date }) => kind !== "earnings" && date > from);
}

function withdraw(event: StoredEvent, { nowMs }: EventContext): Operation[] {
  const superseded_at = Math.max(nowMs, event.recorded_at + 1);
  return [
    { kind: "keep_market_event", ...idOf(event), superseded_at, hidden_at: superseded_at },
    { kind: "drop_market_event", ...idOf(event) },
  ];
}

function save(row: Values, public_at: number, { nowMs, agent }: EventContext): Operation {
  return { kind: "save_market_event", ...row, public_at, recorded_at: nowMs, agent_id: agent };
}

/** Earnings become public with their announcement, which a quarter's end does not date. */
function firstPublicAt(row: Values, nowMs: number): number {
  if (row.event_kind !== "earnings") return Math.min(nowMs, beginMs(row.date));
  if (row.dated_by === "quarter_end") return nowMs;
  const dayEndMs = Date.parse(row.date) + 36 * 3_600_000;
  return row.amount === null ? nowMs : Math.min(nowMs, dayEndMs);
}

function idOf({ source, symbol, event_kind, date, place }: EventKey): EventKey {
  return { source, symbol, event_kind, date, place };
}

function keyOf(
  { event_kind, date, place }: Pick<EventKey, "event_kind" | "date" | "place">,
): string {
  return `${event_kind}/${date}/${place}`;
}
