/**
 * Makes text from outside safe for a terminal: a control character in a quote's name could
 * otherwise move the cursor, set the window's title or type input for the user. All printed text
 * passes through here; colours are added afterwards.
 */

/** Control characters except the line feed, and invisible ones that reorder or break lines. */
const unsafe = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** The text with each unsafe character shown as its escape; a tab becomes a space. */
export function cleanText(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll("\t", " ").replaceAll(unsafe, escape);
}

/** The same, on one line. */
export function cleanLine(text: string): string {
  return cleanText(text).replaceAll("\n", " ");
}

/** A JSON value with every string cleaned, including keys. */
export function cleanJson<Value>(value: Value): Value {
  return deepClean(value) as Value;
}

/** A JSON value as text. Unsafe characters become JSON escapes, so the value stays the same. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(unsafe, escape);
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function deepClean(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) return value.map(deepClean);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [cleanText(key), deepClean(inner)]),
  );
}
