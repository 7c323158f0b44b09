/**
 * What an exchange's table holds. Another exchange is one more such table: rules for what comes
 * back every year, dates for what happened once.
 */

import type { Weekday } from "./days.ts";
import type { DayRule, Observance } from "./rules.ts";

/** Wall-clock time at the exchange, `HH:MM`. */
export type ClockTime = `${number}:${number}`;

/** Years for which a rule holds, both included; without a bound it always did or still does. */
export interface Validity {
  readonly from?: number;
  readonly until?: number;
}

/** A day of every year on which the exchange stays closed. */
export interface Holiday extends Validity {
  readonly name: string;
  readonly on: DayRule;
  /** Without it, a holiday on a weekend is lost. It must not leave the year. */
  readonly observed?: Observance;
}

/** A day of every year on which the exchange closes early, if it has a session at all. */
export interface HalfDay extends Validity {
  readonly name: string;
  readonly on: DayRule;
  readonly close: ClockTime;
  /** Only when it falls on one of these. */
  readonly weekdays?: readonly Weekday[];
}

/** Hours of one session that were not the usual ones. */
export interface SpecialHours {
  readonly open?: ClockTime;
  readonly close?: ClockTime;
  readonly why: string;
}

/** One exchange, or several that keep the same sessions. */
export interface Exchange {
  /** IANA name. */
  readonly timeZone: string;
  /** First and last year that the table is right for. */
  readonly years: readonly [first: number, last: number];
  readonly weekdays: readonly Weekday[];
  readonly open: ClockTime;
  readonly close: ClockTime;
  readonly holidays: readonly Holiday[];
  readonly halfDays: readonly HalfDay[];
  /** Closed for once: date to reason. */
  readonly closures: Readonly<Record<string, string>>;
  /** Other hours for once, by date; they go before the half-day rules. */
  readonly hours: Readonly<Record<string, SpecialHours>>;
}

/** True when a rule holds in `year`. */
export function holdsIn(year: number, { from, until }: Validity): boolean {
  return (from === undefined || year >= from) && (until === undefined || year <= until);
}
