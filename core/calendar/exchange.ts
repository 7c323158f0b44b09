/**
 * The form of an exchange's table. Every exchange is such a table: rules for what recurs every
 * year, dates for what happened once.
 */

import type { Weekday } from "./days.ts";
import type { DayRule, Observance } from "./rules.ts";

/** Wall-clock time at the exchange, `HH:MM`. */
export type ClockTime = `${number}:${number}`;

/** The years in which a rule holds, both included. A missing bound means no limit. */
export interface Validity {
  readonly from?: number;
  readonly until?: number;
}

/** A yearly day on which the exchange is closed. */
export interface Holiday extends Validity {
  readonly name: string;
  readonly on: DayRule;
  /**
   * Moves a holiday off a weekend, within its year. Without it, a weekend holiday is not observed.
   */
  readonly observed?: Observance;
}

/** A yearly day on which the exchange closes early, if it has a session at all. */
export interface HalfDay extends Validity {
  readonly name: string;
  readonly on: DayRule;
  readonly close: ClockTime;
  /** If present, the rule holds only on these weekdays. */
  readonly weekdays?: readonly Weekday[];
}

/** Unusual hours of one session. */
export interface SpecialHours {
  readonly open?: ClockTime;
  readonly close?: ClockTime;
  readonly why: string;
}

/** One exchange, or several with the same sessions. */
export interface Exchange {
  /** IANA time zone name. */
  readonly timeZone: string;
  /** First and last year that the table covers. */
  readonly years: readonly [first: number, last: number];
  readonly weekdays: readonly Weekday[];
  readonly open: ClockTime;
  readonly close: ClockTime;
  readonly holidays: readonly Holiday[];
  readonly halfDays: readonly HalfDay[];
  /** One-time closures: date to reason. */
  readonly closures: Readonly<Record<string, string>>;
  /** One-time hours by date; they override the half-day rules. */
  readonly hours: Readonly<Record<string, SpecialHours>>;
}

/** Whether a rule holds in `year`. */
export function holdsIn(year: number, { from, until }: Validity): boolean {
  return (from === undefined || year >= from) && (until === undefined || year <= until);
}
