/** How much may be kept in collections. */

import { Buffer } from "node:buffer";
import { AppError } from "../errors.ts";

/** Of an agent, all its collections and all versions of their values together. */
export interface CollectionBounds {
  readonly valuesMax: number;
  readonly bytesMax: number;
}

export const boundsDefault: CollectionBounds = { valuesMax: 5_000_000, bytesMax: 4_000_000_000 };

/** In UTF-8, as the store keeps it. */
export function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

/** Of a value's JSON, in UTF-8. */
export const valueBytesMax = 1_000_000;
/** Values of one batch, and their bytes. */
export const batchValuesMax = 10_000;
export const batchBytesMax = 32_000_000;

export interface Use {
  readonly values: number;
  readonly bytes: number;
}

/** Why a call must not add as much; undefined when it may. What adds nothing always may. */
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
    ? `agent "${agent}" would keep ${use.values + added.values} values, ${valuesMax} at most`
    : `agent "${agent}" would keep ${use.bytes + added.bytes} bytes, ${bytesMax} at most`;
  return new AppError(
    "collection_full",
    `Cannot write to collection "${collection}": ${found}; raise ${setting} of "${agent}" in ` +
      `agents.yaml, or declare "retain" in its manifest`,
    { details: { setting } },
  );
}
