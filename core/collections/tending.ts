/**
 * Periodic upkeep of collections: deletes versions that `retain` has expired, and checks values
 * against changed schemas. It works in small transactions with a pause after each, so that nobody
 * waits and a crash does no harm.
 */

import { setTimeout as pause } from "node:timers/promises";
import { messageOf } from "../errors.ts";
import { newOpaqueId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { ChangeCollection, CollectionOperation } from "../store/operations/collections.ts";
import type { CollectionEntry, StoredCollection } from "../store/reads/collections.ts";
import type { Store } from "../store/store.ts";
import type { Books } from "./books.ts";
import { type DeclarationsOf, type Declared, withDerived } from "./declared.ts";
import { keyAfter, keyRange } from "./key.ts";
import type { Turns } from "../turns.ts";

const forgottenMax = 1_000;
const checkedMax = 200;
const checkedBytesMax = 1_000_000;
const pauseMs = 20;
const dayMs = 86_400_000;

export interface TendingOptions {
  readonly store: Store;
  readonly log: Log;
  readonly books: Books;
  readonly turns: Turns;
  readonly declarationsOf: DeclarationsOf;
  readonly now: () => number;
}

export class Tending {
  readonly #options: TendingOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: TendingOptions) {
    this.#options = options;
  }

  /** Tends every collection once; a call during a run joins that run. */
  tend(): Promise<void> {
    if (this.#stopping.signal.aborted) return Promise.resolve();
    return this.#running ??= this.#tendAll().finally(() => this.#running = undefined);
  }

  /** Starts nothing more; resolves when the current step has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #tendAll(): Promise<void> {
    const { books, declarationsOf, log, store } = this.#options;
    // Other daemons may have written; this picks up their changes.
    if (!store.exclusive) await books.read();
    for (const agent of new Set(books.rows.map(({ agentId }) => agentId))) {
      for (const declaration of declarationsOf(agent)) {
        const declared = withDerived(agent, declaration);
        try {
          await this.#repeat(() => this.#forget(declared));
          await this.#check(declared);
        } catch (thrown) {
          const reason = messageOf(thrown);
          log.error("cannot tend a collection", { agent, collection: declared.name, reason });
        }
      }
    }
  }

  /** Repeats the step, with pauses, while it returns true. */
  async #repeat(step: () => Promise<boolean>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted && await step()) await pause(pauseMs);
  }

  /** Deletes values and versions that are too old; returns whether more may remain. */
  async #forget(declared: Declared): Promise<boolean> {
    const { store, now } = this.#options;
    const { agent, retainDays } = declared;
    if (retainDays === null) return false;
    return await this.#options.turns.take(agent, async () => {
      const row = this.#rowOf(declared);
      if (!row) return false;
      const { collectionId } = row;
      const beforeMs = now() - retainDays * dayMs;
      const old = await store.read({
        read: "old_collection_versions",
        collectionId,
        beforeMs,
        limit: forgottenMax,
      });
      const { values, versions } = old;
      if (values.length + versions.length === 0) return false;
      const all = [...values, ...versions];
      await this.#change(row, {
        values: -all.length,
        bytes: -all.reduce((sum, { bytes }) => sum + bytes, 0),
        misfits: -values.filter(({ isMisfit }) => isMisfit).length,
        completeFromMs: beforeMs,
      }, (of) => [
        { kind: "drop_collection_values", ...of, keys: values.map(({ key }) => key) },
        {
          kind: "drop_collection_versions",
          ...of,
          rows: versions.map(({ key, publicAtMs, version }) => [key, publicAtMs, version] as const),
        },
      ]);
      return true;
    });
  }

  /** Checks all values against the schema, unless they were last checked against it. */
  async #check(declared: Declared): Promise<void> {
    const { log } = this.#options;
    const { agent, name, schemaHash } = declared;
    const row = this.#rowOf(declared);
    if (!row || row.schemaHash === schemaHash) return;
    let { fromKey, beforeKey } = keyRange([], undefined, undefined);
    let isDone = false;
    await this.#repeat(() =>
      this.#options.turns.take(agent, async () => {
        const lastKey = await this.#checkPage(declared, fromKey, beforeKey);
        isDone = lastKey === undefined;
        if (lastKey !== undefined) fromKey = keyAfter(lastKey);
        return !isDone;
      })
    );
    const misfits = this.#rowOf(declared)?.misfits ?? 0;
    if (isDone && misfits > 0) {
      log.warn("values of a collection no longer fit its schema", {
        agent,
        collection: name,
        misfits,
        see: `100ac agent info ${agent}`,
      });
    }
  }

  /** Marks misfits in a page of values; returns its last key, undefined after the last page. */
  async #checkPage(
    declared: Declared,
    fromKey: string,
    beforeKey: string,
  ): Promise<string | undefined> {
    const row = this.#rowOf(declared);
    if (!row) return undefined;
    const { entries, lastKey } = await this.#options.store.read({
      read: "collection_page",
      collectionId: row.collectionId,
      fromKey,
      beforeKey,
      descending: false,
      limit: checkedMax,
      bytesMax: checkedBytesMax,
    });
    const changed = entries.filter((entry) => isMisfit(declared, entry) !== entry.isMisfit);
    const isLast = lastKey === undefined;
    if (changed.length === 0 && !isLast) return lastKey;
    const misfits = changed.reduce((sum, { isMisfit }) => sum + (isMisfit ? -1 : 1), 0);
    const schemaHash = isLast ? declared.schemaHash : null;
    await this.#change(row, { misfits, schemaHash }, (of) => [{
      kind: "turn_collection_misfits",
      ...of,
      keys: changed.map(({ key }) => key),
    }]);
    return lastKey;
  }

  async #change(
    { collectionId, lastVersion }: StoredCollection,
    counts: Partial<ChangeCollection>,
    others: (
      of: { readonly collectionId: number; readonly changeId: string },
    ) => readonly CollectionOperation[],
  ): Promise<void> {
    const of = { collectionId, changeId: newOpaqueId() };
    const change: ChangeCollection = {
      values: 0,
      bytes: 0,
      misfits: 0,
      completeFromMs: null,
      schemaHash: null,
      ...counts,
      kind: "change_collection",
      ...of,
      fromVersion: lastVersion,
      toVersion: lastVersion + 1,
    };
    if (await this.#options.books.commit(change, others(of))) return;
    throw new Error("another daemon changed the collection meanwhile");
  }

  #rowOf({ agent, name, key }: Declared): StoredCollection | undefined {
    return this.#options.books.find(agent, name, key);
  }
}

function isMisfit({ check }: Declared, { value }: CollectionEntry): boolean {
  return check !== undefined && !check.safeParse(JSON.parse(value)).success;
}
