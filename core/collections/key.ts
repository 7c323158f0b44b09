/**
 * Encodes keys as text that sorts, by code point, like its parts: numbers by value and before
 * texts, texts by code point, a key before those it is a prefix of. Pure.
 */

import { AppError } from "../errors.ts";

export type KeyPart = string | number;

/** The most characters of an encoded key. */
export const keyLengthMax = 512;
/** Sorts before every character of a text, so that a text sorts before its extensions. */
const end = "\u001f";
/** Sorts after the start of every part. */
const last = "\u{10ffff}";

/**
 * Encodes a key, or the common prefix of all keys that begin with these parts.
 * @throws {AppError} `invalid_input` for a value that can't be part of a key.
 */
export function encodeKey(parts: readonly unknown[]): string {
  const key = parts.map(encodePart).join("");
  if (key.length <= keyLengthMax) return key;
  throw refused(`it has ${key.length} characters, more than ${keyLengthMax}`);
}

/** The range of keys that begin with `prefix`, whose next part is within the bounds, included. */
export function keyRange(
  prefix: readonly unknown[],
  from: unknown,
  to: unknown,
): { readonly fromKey: string; readonly beforeKey: string } {
  const begin = encodeKey(prefix);
  return {
    fromKey: from === undefined ? begin : begin + encodePart(from),
    beforeKey: begin + (to === undefined ? "" : encodePart(to)) + last,
  };
}

/** Sorts after the key and before every later one. */
export function keyAfter(key: string): string {
  return `${key}\u0001`;
}

function encodePart(part: unknown): string {
  if (typeof part === "string") return `s${checkedText(part)}${end}`;
  if (typeof part === "number" && Number.isFinite(part)) return `n${sortable(part)}`;
  throw refused(`${JSON.stringify(part)} is neither a text nor a finite number`);
}

function checkedText(text: string): string {
  // deno-lint-ignore no-control-regex -- a key is one line, and the database can't store NUL
  if (text.isWellFormed() && !/[\u0000-\u001f]/.test(text)) return text;
  const start = JSON.stringify(text.slice(0, 40));
  throw refused(`${start} contains control characters or is not valid Unicode`);
}

const double = new DataView(new ArrayBuffer(8));
const signBit = 0x8000_0000;

/** A double's bits sort like its value once the negative ones are inverted. */
function sortable(value: number): string {
  // JSON has one zero, but doubles have two.
  double.setFloat64(0, value === 0 ? 0 : value);
  const high = double.getUint32(0);
  const low = double.getUint32(4);
  return high & signBit ? hex(~high) + hex(~low) : hex(high | signBit) + hex(low);
}

function hex(bits: number): string {
  return (bits >>> 0).toString(16).padStart(8, "0");
}

function refused(found: string): AppError {
  return new AppError("invalid_input", `Cannot use the key of a collection: ${found}`);
}
