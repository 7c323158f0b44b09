/** Inputs of collection requests, and preparation of values for writing. */

import { setImmediate as endOfTurn } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { batchBytesMax, batchValuesMax, bytesOf, valueBytesMax } from "./bounds.ts";
import type { Declared } from "./declared.ts";
import type { PutIntent } from "./draft.ts";
import { encodeKey } from "./key.ts";

export const pageMax = 1_000;
const pageDefault = 100;
/** A publication time up to this far ahead, by another clock, counts as now. */
const aheadMsMax = 60_000;
/** Values prepared before other work gets a turn. */
const sliceLength = 500;

const collection = z.string();
const instant = z.int().optional();
const version = z.int().nullable().optional();
const key = z.array(z.unknown()).max(8);

export const PutInput = z.strictObject({
  collection,
  entries: z.array(z.strictObject({
    value: z.custom<Record<string, unknown>>(isObject, "must be an object"),
    public_at: instant,
    if_version: version,
  })).max(batchValuesMax, `must have at most ${batchValuesMax} values; put them in batches`),
});
export const DeleteInput = z.strictObject({ collection, key, if_version: version });
export const GetInput = z.strictObject({
  collection,
  key,
  as_of: instant,
  recorded_by: instant,
});
export const ListInput = z.strictObject({
  collection,
  prefix: key.default([]),
  from: z.unknown().optional(),
  to: z.unknown().optional(),
  descending: z.boolean().default(false),
  limit: z.int().min(1).max(pageMax).default(pageDefault),
  cursor: z.string().optional(),
  as_of: instant,
  recorded_by: instant,
});

/**
 * Checks the values to put, and encodes their keys and texts.
 * @throws {AppError} `invalid_input` with the index of the first bad value.
 */
export async function toIntents(
  declared: Declared,
  entries: z.output<typeof PutInput>["entries"],
  nowMs: number,
): Promise<PutIntent[]> {
  const intents: PutIntent[] = [];
  let bytes = 0;
  for (const [index, entry] of entries.entries()) {
    if (index > 0 && index % sliceLength === 0) await endOfTurn();
    const intent = toIntent(declared, entry, index, nowMs);
    bytes += intent.bytes;
    if (bytes > batchBytesMax) {
      throw wrong(declared, index, `the batch is over ${batchBytesMax} bytes; put fewer at once`);
    }
    intents.push(intent);
  }
  return intents;
}

function toIntent(
  declared: Declared,
  { value, public_at, if_version }: z.output<typeof PutInput>["entries"][number],
  index: number,
  nowMs: number,
): PutIntent {
  const parsed = declared.check?.safeParse(value);
  if (parsed && !parsed.success) {
    const [issue] = parsed.error.issues;
    throw wrong(declared, index, `${issue?.path.join(".")}: ${issue?.message}`);
  }
  if (public_at !== undefined && public_at > nowMs + aheadMsMax) {
    const found = `its public time is in the future: ${new Date(public_at).toJSON()}`;
    throw wrong(declared, index, found);
  }
  const encoded = keyOf(declared, value, index);
  const text = JSON.stringify(value);
  const valueBytes = bytesOf(text);
  if (valueBytes > valueBytesMax) {
    throw wrong(declared, index, `it is ${valueBytes} bytes of JSON, more than ${valueBytesMax}`);
  }
  return {
    kind: "put",
    key: encoded,
    value: text,
    bytes: valueBytes + bytesOf(encoded),
    publicAtMs: public_at === undefined ? undefined : Math.min(public_at, nowMs),
    ifVersion: if_version,
  };
}

function keyOf({ key, ...declared }: Declared, value: Record<string, unknown>, index: number) {
  try {
    return encodeKey(key.map((part) => value[part]));
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    throw wrong(declared, index, thrown.message);
  }
}

function wrong({ name }: Pick<Declared, "name">, index: number, found: string): AppError {
  return new AppError(
    "invalid_input",
    `Cannot put value ${index} into collection "${name}": ${found}`,
    { details: { index, problems: [found] } },
  );
}

/** Cheaper than a zod record; the collection's schema checks the fields. */
function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
