/**
 * What agents keep for good, each its own: serves `collections.*` on the bus. Whose they are is
 * said by the request's caller, which the bus vouches for, and never by its input. What a
 * collection is says the manifest that is in force; its values outlive changes of that.
 */

import { Buffer } from "node:buffer";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { CollectionEntry, KnownBy, StoredCollection } from "../store/reads/collections.ts";
import type { Store } from "../store/store.ts";
import { Books } from "./books.ts";
import type { CollectionBounds, Use } from "./bounds.ts";
import { type DeclarationsOf, type Declared, findDeclared, withDerived } from "./declared.ts";
import { DeleteInput, GetInput, ListInput, PutInput, toIntents } from "./input.ts";
import { encodeKey, keyAfter, keyRange } from "./key.ts";
import { Tending } from "./tending.ts";
import { Turns } from "./turns.ts";
import { Writer } from "./writer.ts";

/** Of the values of a page: the one that reaches it is the last. */
const pageBytesMax = 4_000_000;

export interface CollectionsOptions {
  readonly store: Store;
  readonly log: Log;
  /** What agents declare now. */
  readonly declarationsOf: DeclarationsOf;
  readonly boundsOf: (agent: string) => CollectionBounds;
  readonly now?: () => number;
}

/** How a collection is used, for people. */
export interface CollectionUse {
  readonly name: string;
  readonly key: readonly string[];
  readonly history: boolean;
  readonly retainDays: number | null;
  /** False: the manifest has none of this name and key any more; its values are kept. */
  readonly isDeclared: boolean;
  /** Of all versions together. */
  readonly values: number;
  readonly bytes: number;
  /** Values that do not fit the schema, and whether all have been held to it. */
  readonly misfits: number;
  readonly isChecked: boolean;
}

interface EntryAnswer {
  /** JSON. */
  readonly value: string;
  readonly version: number;
  readonly public_at: number;
  readonly recorded_at: number;
  readonly first_seen_late: boolean;
}

export class Collections {
  readonly #options: CollectionsOptions;
  readonly #now: () => number;
  readonly #books: Books;
  readonly #turns = new Turns();
  readonly #writer: Writer;
  readonly #tending: Tending;

  constructor(options: CollectionsOptions) {
    const { store, log, boundsOf, declarationsOf, now = Date.now } = options;
    this.#options = options;
    this.#now = now;
    this.#books = new Books(store);
    const shared = { store, books: this.#books, turns: this.#turns, now };
    this.#writer = new Writer({ ...shared, boundsOf });
    this.#tending = new Tending({ ...shared, log, declarationsOf });
  }

  /** Reads what is kept, to be called before anything is asked. */
  async open(): Promise<void> {
    await this.#books.read();
  }

  /** Forgets what `retain` is over for, and holds values to schemas that have changed. */
  async tend(): Promise<void> {
    await this.#tending.tend();
  }

  /** Settles when all that was asked has been written, and nothing is tended any more. */
  async close(): Promise<void> {
    await this.#tending.stop();
    await this.#turns.end();
  }

  /** Every collection of an agent: those it declares, and those it has declared before. */
  usesOf(agent: string): readonly CollectionUse[] {
    const declared = this.#options.declarationsOf(agent)
      .map((declaration) => withDerived(agent, declaration));
    const rows = this.#books.rowsOf(agent);
    const rowOf = ({ name, key }: Declared): StoredCollection | undefined =>
      this.#books.find(agent, name, key);
    const known = new Set(declared.map(rowOf));
    return [
      ...declared.map((one) => toUse(one, rowOf(one))),
      ...rows.filter((row) => !known.has(row)).map(toOrphan),
    ];
  }

  /** What is kept in all, by agent. */
  get totals(): ReadonlyMap<string, Use & { readonly misfits: number }> {
    const agents = new Set(this.#books.rows.map(({ agentId }) => agentId));
    return new Map([...agents].map((agent) => {
      const misfits = this.#books.rowsOf(agent).reduce((sum, row) => sum + row.misfits, 0);
      return [agent, { ...this.#books.useOf(agent), misfits }];
    }));
  }

  /** The capabilities served on the bus, by name. Input is unchecked JSON. */
  readonly capabilities = {
    put: async (input: unknown, agent: string): Promise<{ versions: readonly number[] }> => {
      const { collection, entries } = PutInput.parse(input);
      const declared = this.#find(agent, collection);
      const intents = await toIntents(declared, entries, this.#now());
      if (intents.length === 0) return { versions: [] };
      const versions = await this.#writer.write(declared, intents);
      return { versions: versions.filter((version) => version !== undefined) };
    },
    delete: async (input: unknown, agent: string): Promise<{ deleted: boolean }> => {
      const { collection, key, if_version: ifVersion } = DeleteInput.parse(input);
      const declared = this.#find(agent, collection);
      const intent = { kind: "delete", key: wholeKey(declared, key), ifVersion } as const;
      const [version] = await this.#writer.write(declared, [intent]);
      return { deleted: version !== undefined };
    },
    get: (input: unknown, agent: string) => this.#get(input, agent),
    list: (input: unknown, agent: string) => this.#list(input, agent),
  };

  /** Reads alone: nothing of an earlier instant is written. */
  readonly pastCapabilities = {
    get: (input: unknown, agent: string, asOfMs: number) => this.#get(input, agent, asOfMs),
    list: (input: unknown, agent: string, asOfMs: number) => this.#list(input, agent, asOfMs),
  };

  async #get(
    input: unknown,
    agent: string,
    untilMs?: number,
  ): Promise<{ entry: EntryAnswer | null }> {
    const { collection, key, ...times } = GetInput.parse(input);
    const declared = this.#find(agent, collection);
    const encoded = wholeKey(declared, key);
    const known = this.#known(declared, times, untilMs);
    const row = this.#books.find(agent, collection, declared.key);
    if (!row) return { entry: null };
    const { collectionId } = row;
    const ask = { read: "collection_entry", collectionId, key: encoded, ...known } as const;
    const entry = await this.#options.store.read(ask);
    return { entry: entry ? toAnswer(entry, untilMs) : null };
  }

  async #list(
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
    const row = this.#books.find(agent, collection, declared.key);
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

  /** @throws {AppError} `as_of_refused` for what nobody knows any more. */
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
    const completeFromMs = this.#books.find(agent, name, key)?.completeFromMs ?? 0;
    if (atMs < completeFromMs) {
      const found = `its history begins at ${instantText(completeFromMs)}; ask for a later instant`;
      throw new AppError("as_of_refused", `${cannot}: ${found}`);
    }
    return { asOfMs, recordedByMs };
  }
}

function wholeKey({ name, key }: Declared, parts: readonly unknown[]): string {
  if (parts.length === key.length) return encodeKey(parts);
  const found = `its key has ${key.length} parts, and ${parts.length} were given`;
  throw new AppError(
    "invalid_input",
    `Cannot use collection "${name}": ${found}; give ${key.join(", ")}`,
  );
}

function refuseLongPrefix({ name, key }: Declared, prefix: readonly unknown[], hasBounds: boolean) {
  if (prefix.length + (hasBounds ? 1 : 0) <= key.length) return;
  const found = `its key has ${key.length} parts: ${key.join(", ")}`;
  throw new AppError(
    "invalid_input",
    `Cannot list collection "${name}": ${found}; give fewer parts, or no bounds`,
  );
}

type Range = ReturnType<typeof keyRange>;

/** What is left of a range after the key that a page ended with. */
function rangeAfter({ fromKey, beforeKey }: Range, cursor: string, descending: boolean): Range {
  const lastKey = Buffer.from(cursor, "base64url").toString();
  if (isBefore(lastKey, fromKey) || !isBefore(lastKey, beforeKey)) {
    const found = "its cursor belongs to another listing";
    const message = `Cannot list a page of a collection: ${found}; begin without a cursor`;
    throw new AppError("invalid_input", message);
  }
  return descending ? { fromKey, beforeKey: lastKey } : { fromKey: keyAfter(lastKey), beforeKey };
}

/** By code point, as the store compares. */
function isBefore(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}

/** As of an earlier instant nothing says what is later, not even when it was recorded. */
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

function toUse(declared: Declared, row: StoredCollection | undefined): CollectionUse {
  const { name, key, history, retainDays, schemaHash } = declared;
  return {
    name,
    key,
    history,
    retainDays,
    isDeclared: true,
    values: row?.values ?? 0,
    bytes: row?.bytes ?? 0,
    misfits: row?.misfits ?? 0,
    isChecked: row === undefined || row.schemaHash === schemaHash,
  };
}

function toOrphan({ name, keyParts, values, bytes, misfits }: StoredCollection): CollectionUse {
  return {
    name,
    key: JSON.parse(keyParts) as readonly string[],
    history: false,
    retainDays: null,
    isDeclared: false,
    values,
    bytes,
    misfits,
    isChecked: true,
  };
}

/** `-Infinity` and beyond are no dates. */
function instantText(atMs: number): string {
  return Math.abs(atMs) <= 8.64e15 ? new Date(atMs).toISOString() : String(atMs);
}
