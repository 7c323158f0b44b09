/**
 * The store's row of every collection, with counts that each change updates. Kept in memory,
 * because `agent info` and every write need it.
 */

import type { ChangeCollection, CollectionOperation } from "../store/operations/collections.ts";
import type { StoredCollection } from "../store/reads/collections.ts";
import type { Store } from "../store/store.ts";
import type { Use } from "./bounds.ts";

export class Books {
  readonly #store: Store;
  #rows: readonly StoredCollection[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  /** Loads the rows: at start, and when another daemon may have changed them. */
  async read(): Promise<void> {
    this.#rows = await this.#store.read({ read: "collections" });
  }

  get rows(): readonly StoredCollection[] {
    return this.#rows;
  }

  rowsOf(agent: string): readonly StoredCollection[] {
    return this.#rows.filter(({ agentId }) => agentId === agent);
  }

  /** The row of the collection with this name and key; undefined if nothing was ever written. */
  find(agent: string, name: string, key: readonly string[]): StoredCollection | undefined {
    const keyParts = JSON.stringify(key);
    return this.#rows.find((row) =>
      row.agentId === agent && row.name === name && row.keyParts === keyParts
    );
  }

  /** The row; creates it if needed. */
  async open(
    agent: string,
    name: string,
    key: readonly string[],
    schemaHash: string,
  ): Promise<StoredCollection> {
    const known = this.find(agent, name, key);
    if (known) return known;
    const keyParts = JSON.stringify(key);
    await this.#store.commit([{
      kind: "open_collection",
      agentId: agent,
      name,
      keyParts,
      schemaHash,
    }]);
    await this.read();
    const opened = this.find(agent, name, key);
    if (!opened) throw new Error(`collection "${name}" of "${agent}" was opened but is missing`);
    return opened;
  }

  /** An agent's total use, including collections that it no longer declares. */
  useOf(agent: string): Use {
    return this.rowsOf(agent).reduce(
      (sum, { values, bytes }) => ({ values: sum.values + values, bytes: sum.bytes + bytes }),
      { values: 0, bytes: 0 },
    );
  }

  /**
   * Commits a change and its operations; false if another daemon has changed the collection since
   * it was read.
   */
  async commit(
    change: ChangeCollection,
    others: readonly CollectionOperation[],
  ): Promise<boolean> {
    // If the store's answer is lost, the outcome is unknown. The next change then fails on its
    // version, and the rows are read again.
    const [isTaken = false] = await this.#store.commit([change, ...others]);
    if (isTaken) this.#note(change);
    else await this.read();
    return isTaken;
  }

  #note(change: ChangeCollection): void {
    this.#rows = this.#rows.map((row) =>
      row.collectionId === change.collectionId
        ? {
          ...row,
          lastVersion: change.toVersion,
          values: row.values + change.values,
          bytes: row.bytes + change.bytes,
          misfits: row.misfits + change.misfits,
          completeFromMs: Math.max(row.completeFromMs, change.completeFromMs ?? 0),
          schemaHash: change.schemaHash ?? row.schemaHash,
        }
        : row
    );
  }
}
