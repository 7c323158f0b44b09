/** Markets that never close: one session for each UTC day, from midnight to midnight. */

import { Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday } from "./days.ts";
import type { Exchange } from "./exchange.ts";

/** The table of markets that are always open. */
export const always: Exchange = {
  timeZone: "UTC",
  years: [1990, 2100],
  weekdays: [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday],
  open: "00:00",
  close: "24:00",
  holidays: [],
  halfDays: [],
  closures: {},
  hours: {},
};
