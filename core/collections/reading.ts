/**
 * Reads of collections: one value by its key, or a page, now or as of an instant. Values are
 * returned as text; the agent's own schema parses them.
 */

import { Buffer } from "node:buffer";
import { AppError } from "../errors.ts";
import type { CollectionEntry, KnownBy } from "../store/reads/collections.ts";
import type { Store } from "../store/store.ts";
import type { Books } from "./books.ts";
import { type DeclarationsOf, type Declared, findDeclared } from "./declared.ts";
import { GetInput, ListInput } from "./input.ts";
import { encodeKey, keyAfter, keyRange } from "./key.ts";

/** Total size of a page's values; the value that reaches it is the last one. */
const pageBytesMax = 4_000_000;

interface EntryAnswer {
  /** JSON. */
  readonly value: string;
  readonly version: number;
  readonly public_at: number;
  readonly recorded_at: number;
  readonly first_seen_late: boolean;
}

export interface ReadingOptions {
  readonly store: Store;
  readonly books: Books;
  readonly declarationsOf: DeclarationsOf;
}

export class Reading {
  readonly #options: ReadingOptions;

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  /** Input is unchecked; the answer holds nothing that became public after `untilMs`. */
  async get(
    input: unknown,
    agent: string,
    untilMs?: number,
  ): Promise<{ entry: EntryAnswer | null }> {
    const { collection, key, ...times } = GetInput.parse(input);
    const declared = this.#find(agent, collection);
    const encoded = wholeKey(declared, key);
    const known = this.#known(declared, times, untilMs);
    const row = this.#options.books.find(agent, collection, declared.key);
    if (!row) return { entry: null };
    const { collectionId } = row;
    const ask = { read: "collection_entry", collectionId, key: encoded, ...known } as const;
    const entry = await this.#options.store.read(ask);
    return { entry: entry ? toAnswer(entry, untilMs) : null };
  }

  async list(
    input: unknown,
    agent: string,
    untilMs?: number,
  ): Promise<{ entries: readonly EntryAnswer[]; cursor: string | null }> {
    const { collection, prefix, from, to, descending, limit, cursor, ...times } = ListInput
      .parse(input);
    const declared = this.#find(agent, collection);
    refuseLongPrefix(declared, prefix, from !== undefined || to !== undefined);
    const range = keyRange(prefix, from, to);
    const known = this.#known(declared, times, untilMs);
    const row = this.#options.books.find(agent, collection, declared.key);
    if (!row) return { entries: [], cursor: null };
    const { entries, lastKey } = await this.#options.store.read({
      read: "collection_page",
      collectionId: row.collectionId,
      ...(cursor === undefined ? range : rangeAfter(range, cursor, descending)),
      descending,
      limit,
      bytesMax: pageBytesMax,
      ...known,
    });
    return {
      entries: entries.map((entry) => toAnswer(entry, untilMs)),
      cursor: lastKey === undefined ? null : Buffer.from(lastKey).toString("base64url"),
    };
  }

  #find(agent: string, name: string): Declared {
    return findDeclared(agent, name, this.#options.declarationsOf);
  }

  /** @throws {AppError} `as_of_refused` if the history does not reach back that far. */
  #known(
    { agent, name, key, history }: Declared,
    { as_of: asked, recorded_by: recordedByMs }: {
      readonly as_of?: number | undefined;
      readonly recorded_by?: number | undefined;
    },
    untilMs: number | undefined,
  ): KnownBy {
    const asOfMs = asked === undefined ? untilMs : Math.min(asked, untilMs ?? asked);
    if (asOfMs === undefined && recordedByMs === undefined) return {};
    const atMs = Math.min(asOfMs ?? Infinity, recordedByMs ?? Infinity);
    const cannot = `Cannot read collection "${name}" as of ${instantText(atMs)}`;
    if (!history) {
      const found = `it keeps no history; declare "history: true" in the manifest of "${agent}"`;
      throw new AppError("as_of_refused", `${cannot}: ${found}`);
    }
    const completeFromMs = this.#options.books.find(agent, name, key)?.completeFromMs ?? 0;
    if (atMs < completeFromMs) {
      const found = `its history begins at ${instantText(completeFromMs)}; ask for a later instant`;
      throw new AppError("as_of_refused", `${cannot}: ${found}`);
    }
    return { asOfMs, recordedByMs };
  }
}

/** @throws {AppError} `invalid_input` unless all parts are given. */
export function wholeKey({ name, key }: Declared, parts: readonly unknown[]): string {
  if (parts.length === key.length) return encodeKey(parts);
  const found = `its key has ${key.length} parts, but ${parts.length} were given`;
  throw new AppError(
    "invalid_input",
    `Cannot use collection "${name}": ${found}; give ${key.join(", ")}`,
  );
}

function refuseLongPrefix(
  { name, key }: Declared,
  prefix: readonly unknown[],
  hasBounds: boolean,
): void {
  if (prefix.length + (hasBounds ? 1 : 0) <= key.length) return;
  const found = `its key has ${key.length} parts: ${key.join(", ")}`;
  throw new AppError(
    "invalid_input",
    `Cannot list collection "${name}": ${found}; give fewer parts, or no bounds`,
  );
}

type Range = ReturnType<typeof keyRange>;

/** The rest of a range after the last key of a page. */
function rangeAfter({ fromKey, beforeKey }: Range, cursor: string, descending: boolean): Range {
  const lastKey = Buffer.from(cursor, "base64url").toString();
  if (isBefore(lastKey, fromKey) || !isBefore(lastKey, beforeKey)) {
    const found = "the cursor belongs to another listing";
    const message = `Cannot list a page of a collection: ${found}; start without a cursor`;
    throw new AppError("invalid_input", message);
  }
  return descending ? { fromKey, beforeKey: lastKey } : { fromKey: keyAfter(lastKey), beforeKey };
}

/** Compares by code point, as the store does. */
function isBefore(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}

/** As of an earlier instant, the answer holds no later time, not even of recording. */
function toAnswer(entry: CollectionEntry, untilMs = Infinity): EntryAnswer {
  const { value, version, publicAtMs, recordedAtMs, firstSeenLate } = entry;
  return {
    value,
    version,
    public_at: publicAtMs,
    recorded_at: Math.min(recordedAtMs, untilMs),
    first_seen_late: firstSeenLate,
  };
}

/** Converts an instant to text; infinite ones are not dates. */
function instantText(atMs: number): string {
  return Math.abs(atMs) <= 8.64e15 ? new Date(atMs).toISOString() : String(atMs);
}
