/**
 * A step's result in a few lines for people. The result shapes of the market agents are recognised
 * by their keys, whichever agent returns them; any other result is listed key by key.
 */

import { cleanLine } from "./clean.ts";
import { countText, priceText } from "./units.ts";
import { fitText } from "./width.ts";

export interface Summary {
  readonly headline: string;
  readonly lines: readonly string[];
}

const linesMax = 12;
const valueWidthMax = 100;
/** A message is the result itself, so it may be longer than one value among others. */
const messageWidthMax = 1_000;

type Fields = Readonly<Record<string, unknown>>;

/** The order matters: a quote is also an object with a symbol. Undefined: another shape. */
const shapes: readonly ((fields: Fields) => Summary | undefined)[] = [
  quotes,
  quote,
  verdict,
  sanitized,
  histories,
  history,
  dates,
  message,
  number,
];

/** Summarises a result. If any value in it is simulated, the headline says so. */
export function summarize(result: unknown): Summary {
  const shape = shapeOf(result);
  const marked = cleanLine(shape.headline) + markOf(result);
  const lines = shape.lines.map(cleanLine);
  if (lines.length <= linesMax) return { headline: marked, lines };
  const kept = lines.slice(0, linesMax - 1);
  const rest = `… and ${lines.length - kept.length} more (--json shows all)`;
  return { headline: marked, lines: [...kept, rest] };
}

function shapeOf(result: unknown): Summary {
  if (!isFields(result)) return { headline: "Success", lines: lineOf("", result) };
  for (const shape of shapes) {
    const summary = shape(result);
    if (summary) return summary;
  }
  const lines = Object.entries(result).flatMap(([key, value]) => lineOf(`${key}: `, value));
  return { headline: "Success", lines };
}

/** The suffix of a value that is simulated, even in part. */
function markOf(value: unknown): string {
  return isSimulated(value) ? " (simulated)" : "";
}

function isSimulated(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if ("source" in value && value.source === "simulated") return true;
  return Object.values(value).some(isSimulated);
}

function quotes({ quotes, missing }: Fields): Summary | undefined {
  if (!isList(quotes)) return undefined;
  const lines = quotes.map((one) => quoteText(one) + markOf(one));
  return {
    headline: `Success - ${countText(quotes.length, "symbol")} fetched`,
    lines: [...lines, ...missingLines(missing)],
  };
}

function quote(fields: Fields): Summary | undefined {
  if (typeof fields.symbol !== "string" || typeof fields.price !== "number") return undefined;
  return { headline: quoteText(fields), lines: [] };
}

function verdict({ symbol, valid, reason, name }: Fields): Summary | undefined {
  if (typeof symbol !== "string" || typeof valid !== "boolean") return undefined;
  const more = valid ? name : reason;
  const is = valid ? "is valid" : "is not valid";
  return { headline: `${symbol} ${is}${typeof more === "string" ? ` - ${more}` : ""}`, lines: [] };
}

function sanitized({ symbol, original }: Fields): Summary | undefined {
  if (typeof symbol !== "string" || typeof original !== "string") return undefined;
  return { headline: `${symbol} sanitized`, lines: lineOf("from ", original) };
}

function histories({ histories, missing }: Fields): Summary | undefined {
  if (!isList(histories)) return undefined;
  const lines = histories.map((one) => (history(one)?.headline ?? "?") + markOf(one));
  return {
    headline: `Success - ${countText(lines.length, "history", "histories")} loaded`,
    lines: [...lines, ...missingLines(missing)],
  };
}

function history(fields: Fields): Summary | undefined {
  const { symbol, interval, bars, bars_loaded: loaded } = fields;
  const count = typeof loaded === "number" ? loaded : Array.isArray(bars) ? bars.length : undefined;
  if (typeof symbol !== "string" || typeof interval !== "string" || count === undefined) {
    return undefined;
  }
  const span = spanText(fields);
  const verb = typeof loaded === "number" ? " loaded" : "";
  return {
    headline: `${symbol} ${interval} - ${countText(count, "bar")}${verb}${span}`,
    lines: [],
  };
}

function dates(fields: Fields): Summary | undefined {
  const { symbol, dates } = fields;
  if (typeof symbol !== "string" || !Array.isArray(dates)) return undefined;
  const count = countText(dates.length, "date");
  return { headline: `${symbol} - ${count} available${spanText(fields)}`, lines: [] };
}

function message(fields: Fields): Summary | undefined {
  const { message } = fields;
  if (typeof message !== "string" || Object.keys(fields).length > 1) return undefined;
  return { headline: fitText(JSON.stringify(message), messageWidthMax), lines: [] };
}

function number(fields: Fields): Summary | undefined {
  const { result } = fields;
  if (typeof result !== "number" || Object.keys(fields).length > 1) return undefined;
  return { headline: `Result: ${result}`, lines: [] };
}

function quoteText({ symbol, price, currency }: Fields): string {
  const text = typeof price === "number"
    ? priceText(price, typeof currency === "string" ? currency : null)
    : "no price";
  return `${symbol}: ${text}`;
}

function missingLines(missing: unknown): string[] {
  if (!isList(missing)) return [];
  return missing.map(({ symbol, reason }) => `${symbol}: missing - ${reason}`);
}

function spanText({ first_date: first, last_date: last }: Fields): string {
  return typeof first === "string" && typeof last === "string" ? `, ${first} to ${last}` : "";
}

function lineOf(label: string, value: unknown): string[] {
  if (value === null || value === undefined) return [];
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return [fitText(label + text, valueWidthMax)];
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: unknown): value is readonly Fields[] {
  return Array.isArray(value) && value.every(isFields);
}
