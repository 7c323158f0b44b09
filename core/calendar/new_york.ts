/**
 * Shares at the New York Stock Exchange and at Nasdaq, which have the same days and hours.
 *
 * Correct from 1990 up to what the exchange has announced. Later years assume today's rules (NYSE
 * rule 7.2) and today's clock changes, without one-time closures. Halts within a session and
 * openings late by minutes (moments of silence) are not included.
 * Sources for the past: the exchange's own list of special closings, 1885 to 2011, and its yearly
 * holiday calendars since.
 */

import { Friday, Monday, Thursday, Tuesday, Wednesday } from "./days.ts";
import type { Exchange } from "./exchange.ts";
import { after, date, easter, last, nearestWeekday, nth, sundayToMonday } from "./rules.ts";

const thanksgiving = nth(4, Thursday, 11);

/** The table of New York's stock exchanges. */
export const newYork: Exchange = {
  timeZone: "America/New_York",
  years: [1990, 2100],
  weekdays: [Monday, Tuesday, Wednesday, Thursday, Friday],
  open: "09:30",
  close: "16:00",
  holidays: [
    // a Saturday New Year is not observed on Friday, the last day of the accounting year
    { name: "New Year's Day", on: date(1, 1), observed: sundayToMonday },
    { name: "Martin Luther King Jr. Day", on: nth(3, Monday, 1), from: 1998 },
    { name: "Washington's Birthday", on: nth(3, Monday, 2) },
    { name: "Good Friday", on: easter(-2) },
    { name: "Memorial Day", on: last(Monday, 5) },
    { name: "Juneteenth", on: date(6, 19), observed: nearestWeekday, from: 2022 },
    { name: "Independence Day", on: date(7, 4), observed: nearestWeekday },
    { name: "Labor Day", on: nth(1, Monday, 9) },
    { name: "Thanksgiving Day", on: thanksgiving },
    { name: "Christmas Day", on: date(12, 25), observed: nearestWeekday },
  ],
  halfDays: [
    // when the holiday falls on this day, the exchange is closed instead
    {
      name: "Day before Independence Day",
      on: date(7, 3),
      close: "13:00",
      weekdays: [Monday, Tuesday, Thursday],
      from: 1995,
      until: 2012,
    },
    {
      name: "Day after Independence Day",
      on: date(7, 5),
      close: "13:00",
      weekdays: [Friday],
      from: 1995,
      until: 2012,
    },
    { name: "Day before Independence Day", on: date(7, 3), close: "13:00", from: 2013 },
    { name: "Day after Thanksgiving", on: after(thanksgiving, 1), close: "13:00", from: 1993 },
    { name: "Christmas Eve", on: date(12, 24), close: "14:00", until: 1992 },
    { name: "Christmas Eve", on: date(12, 24), close: "13:00", from: 1993 },
  ],
  closures: {
    "1994-04-27": "Funeral of Richard M. Nixon",
    "2001-09-11": "Attack on the World Trade Center",
    "2001-09-12": "Attack on the World Trade Center",
    "2001-09-13": "Attack on the World Trade Center",
    "2001-09-14": "Attack on the World Trade Center",
    "2004-06-11": "National Day of Mourning for Ronald W. Reagan",
    "2007-01-02": "National Day of Mourning for Gerald R. Ford",
    "2012-10-29": "Hurricane Sandy",
    "2012-10-30": "Hurricane Sandy",
    "2018-12-05": "National Day of Mourning for George H. W. Bush",
    "2025-01-09": "National Day of Mourning for Jimmy Carter",
  },
  hours: {
    "1990-12-27": { open: "11:00", why: "Explosion of a transformer" },
    "1992-11-27": { close: "14:00", why: "Day after Thanksgiving, the first early close on it" },
    "1994-02-11": { close: "14:30", why: "Snow" },
    "1995-12-18": { open: "10:30", why: "Computer trouble" },
    "1996-01-08": { open: "11:00", close: "14:00", why: "Snow" },
    "1997-10-27": { close: "15:30", why: "Circuit breaker" },
    "1997-12-26": { close: "13:00", why: "Friday after Christmas" },
    // announced by the exchange's board in June 1999; missing from its later list
    "1999-12-31": { close: "13:00", why: "Change of the millennium" },
    "2002-09-11": { open: "12:00", why: "First anniversary of the attack" },
    "2003-12-26": { close: "13:00", why: "Friday after Christmas" },
    "2005-06-01": { close: "15:56", why: "Computer trouble" },
  },
};
