/** Bounds on what collections hold. */

import { Buffer } from "node:buffer";
import { AppError } from "../errors.ts";

/** Bounds of one agent: all its collections with all versions of their values. */
export interface CollectionBounds {
  readonly valuesMax: number;
  readonly bytesMax: number;
}

export const boundsDefault: CollectionBounds = { valuesMax: 5_000_000, bytesMax: 4_000_000_000 };

/** The size in UTF-8, as the store keeps it. */
export function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

/** The largest value, as JSON in UTF-8. */
export const valueBytesMax = 1_000_000;
/** The most values and bytes of one batch. */
export const batchValuesMax = 10_000;
export const batchBytesMax = 32_000_000;

export interface Use {
  readonly values: number;
  readonly bytes: number;
}

/**
 * The refusal of a write that exceeds a bound; undefined if allowed. A write that adds nothing is
 * always allowed.
 */
export function whyFull(
  agent: string,
  collection: string,
  { valuesMax, bytesMax }: CollectionBounds,
  use: Use,
  added: Use,
): AppError | undefined {
  const overValues = added.values > 0 && use.values + added.values > valuesMax;
  const overBytes = added.bytes > 0 && use.bytes + added.bytes > bytesMax;
  if (!overValues && !overBytes) return undefined;
  const setting = overValues ? "collections.values_max" : "collections.bytes_max";
  const found = overValues
    ? `agent "${agent}" would keep ${use.values + added.values} values, more than ${valuesMax}`
    : `agent "${agent}" would keep ${use.bytes + added.bytes} bytes, more than ${bytesMax}`;
  return new AppError(
    "collection_full",
    `Cannot write to collection "${collection}": ${found}; raise ${setting} of "${agent}" in ` +
      `agents.yaml, or declare "retain" in its manifest`,
    { details: { setting } },
  );
}
