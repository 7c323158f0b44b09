/**
 * Keys as text whose order, by code point, is that of their parts: numbers by size and before
 * texts, texts by code point, a short key before those it begins. Pure.
 */

import { AppError } from "../errors.ts";

export type KeyPart = string | number;

/** Characters of a key's texts together. */
export const keyLengthMax = 512;
/** Below every character of a text, so that a text sorts before those it begins. */
const end = "\u001f";
/** Above everything that a part begins with. */
const last = "\u{10ffff}";

/**
 * The key of these parts, or the beginning of all keys that begin with them.
 * @throws {AppError} `invalid_input` for what can't be part of a key.
 */
export function encodeKey(parts: readonly unknown[]): string {
  const key = parts.map(encodePart).join("");
  if (key.length <= keyLengthMax) return key;
  throw refused(`it has ${key.length} characters, ${keyLengthMax} at most`);
}

/** The range of keys that begin with `prefix` and go on with a part in the bounds, included. */
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

/** Above the key, and below all that come after it. */
export function keyAfter(key: string): string {
  return `${key}\u0001`;
}

function encodePart(part: unknown): string {
  if (typeof part === "string") return `s${checkedText(part)}${end}`;
  if (typeof part === "number" && Number.isFinite(part)) return `n${sortable(part)}`;
  throw refused(`${JSON.stringify(part)} is neither a text nor a finite number`);
}

function checkedText(text: string): string {
  // deno-lint-ignore no-control-regex -- a key is one line, and the database keeps no NUL
  if (text.isWellFormed() && !/[\u0000-\u001f]/.test(text)) return text;
  throw refused(`${JSON.stringify(text.slice(0, 40))} holds a control character, or is no Unicode`);
}

const double = new DataView(new ArrayBuffer(8));
const signBit = 0x8000_0000;

/** The bits of a double sort like its value, once the negative ones are turned round. */
function sortable(value: number): string {
  // JSON has one zero, though a double has two.
  double.setFloat64(0, value === 0 ? 0 : value);
  const high = double.getUint32(0);
  const low = double.getUint32(4);
  return high & signBit ? hex(~high) + hex(~low) : hex(high | signBit) + hex(low);
}

function hex(bits: number): string {
  return (bits >>> 0).toString(16).padStart(8, "0");
}

function refused(found: string): AppError {
  return new AppError("invalid_input", `Cannot use key of a collection: ${found}`);
}
