/**
 * Durable values of agents; each agent sees only its own. Serves `collections.*` on the bus. The
 * owner is the caller, which the bus guarantees, never a field of the input. The current manifest
 * defines a collection; its values survive changes of the manifest.
 */

import type { Log } from "../log.ts";
import type { Store } from "../store/store.ts";
import { Books } from "./books.ts";
import type { CollectionBounds, Use } from "./bounds.ts";
import { type DeclarationsOf, type Declared, findDeclared, withDerived } from "./declared.ts";
import { DeleteInput, PutInput, toIntents } from "./input.ts";
import { Reading, wholeKey } from "./reading.ts";
import { Tending } from "./tending.ts";
import { Turns } from "../turns.ts";
import { type CollectionUse, usesOf } from "./uses.ts";
import { Writer } from "./writer.ts";

export interface CollectionsOptions {
  readonly store: Store;
  readonly log: Log;
  /** The collections that agents currently declare. */
  readonly declarationsOf: DeclarationsOf;
  readonly boundsOf: (agent: string) => CollectionBounds;
  readonly now?: () => number;
}

export class Collections {
  readonly #options: CollectionsOptions;
  readonly #now: () => number;
  readonly #books: Books;
  readonly #turns = new Turns();
  readonly #writer: Writer;
  readonly #reading: Reading;
  readonly #tending: Tending;

  constructor(options: CollectionsOptions) {
    const { store, log, boundsOf, declarationsOf, now = Date.now } = options;
    this.#options = options;
    this.#now = now;
    this.#books = new Books(store);
    const shared = { store, books: this.#books, turns: this.#turns, now };
    this.#writer = new Writer({ ...shared, boundsOf });
    this.#reading = new Reading({ ...shared, declarationsOf });
    this.#tending = new Tending({ ...shared, log, declarationsOf });
  }

  /** Loads the collections; call it before any request. */
  async open(): Promise<void> {
    await this.#books.read();
  }

  /** Deletes what `retain` has expired, and checks values against changed schemas. */
  async tend(): Promise<void> {
    await this.#tending.tend();
  }

  /** Resolves when all requested writes are done and tending has stopped. */
  async close(): Promise<void> {
    await this.#tending.stop();
    await this.#turns.end();
  }

  /** All collections of an agent, currently or formerly declared. */
  usesOf(agent: string): readonly CollectionUse[] {
    const declared = this.#options.declarationsOf(agent)
      .map((declaration) => withDerived(agent, declaration));
    return usesOf(declared, this.#books.rowsOf(agent));
  }

  /** Total use by agent. */
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
    get: (input: unknown, agent: string) => this.#reading.get(input, agent),
    list: (input: unknown, agent: string) => this.#reading.list(input, agent),
  };

  /** Only reads: nothing is written as of an earlier instant. */
  readonly pastCapabilities = {
    get: (input: unknown, agent: string, asOfMs: number) => this.#reading.get(input, agent, asOfMs),
    list: (input: unknown, agent: string, asOfMs: number) =>
      this.#reading.list(input, agent, asOfMs),
  };

  #find(agent: string, name: string): Declared {
    return findDeclared(agent, name, this.#options.declarationsOf);
  }
}
