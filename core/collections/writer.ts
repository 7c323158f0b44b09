/**
 * Writes to collections. An agent's writes are decided one after another, so its bounds are exact.
 * Waiting calls for the same declaration share the next transaction; each takes effect whole or not
 * at all. If another daemon changes the collection first, its version shows this, and the change is
 * decided again.
 */

import { AppError } from "../errors.ts";
import { newOpaqueId } from "../ids.ts";
import type { CollectionState, IntendedTuple } from "../store/reads/collections.ts";
import type { Store } from "../store/store.ts";
import type { Books } from "./books.ts";
import { batchBytesMax, batchValuesMax, type CollectionBounds, whyFull } from "./bounds.ts";
import { operationsOf } from "./change.ts";
import type { Declared } from "./declared.ts";
import { Draft, type Intent } from "./draft.ts";
import type { Turns } from "../turns.ts";

/** Waiting calls of one agent; beyond this, calls are refused with `overloaded`. */
const waitingMax = 10_000;
/** How often a change is decided again because of another daemon. */
const triesMax = 5;

type Versions = readonly (number | undefined)[];

interface Call {
  readonly declared: Declared;
  readonly intents: readonly Intent[];
  readonly resolve: (versions: Versions) => void;
  readonly reject: (error: unknown) => void;
}

export interface WriterOptions {
  readonly store: Store;
  readonly books: Books;
  readonly turns: Turns;
  readonly boundsOf: (agent: string) => CollectionBounds;
  readonly now: () => number;
}

export class Writer {
  readonly #options: WriterOptions;
  readonly #waiting = new Map<string, Call[]>();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /**
   * Writes all or nothing; returns the version that holds each value.
   * @throws {AppError} `version_conflict`, `collection_full`, `overloaded`, `store_unavailable`.
   */
  write(declared: Declared, intents: readonly Intent[]): Promise<Versions> {
    const { agent } = declared;
    const waiting = this.#waiting.get(agent) ?? [];
    if (waiting.length >= waitingMax) {
      const found = `${waitingMax} writes of agent "${agent}" are waiting`;
      const message = `Cannot write to collection "${declared.name}": ${found}; try again later`;
      return Promise.reject(new AppError("overloaded", message));
    }
    this.#waiting.set(agent, waiting);
    return new Promise((resolve, reject) => {
      waiting.push({ declared, intents, resolve, reject });
      void this.#options.turns.take(agent, () => this.#writeNext(agent));
    });
  }

  /** Every call takes a turn; if an earlier turn has written it, nothing remains to do. */
  async #writeNext(agent: string): Promise<void> {
    const calls = this.#takeTogether(agent);
    const [first] = calls;
    if (!first) return;
    try {
      await this.#writeTogether(first.declared, calls);
    } catch (thrown) {
      for (const { reject } of calls) reject(thrown);
    }
  }

  /** Takes the first waiting call and those after it that may share its transaction. */
  #takeTogether(agent: string): readonly Call[] {
    const waiting = this.#waiting.get(agent) ?? [];
    const [first] = waiting;
    let [count, bytes] = [0, 0];
    const end = waiting.findIndex((call) => {
      count += call.intents.length;
      bytes += bytesIn(call);
      const isTooMuch = count > batchValuesMax || bytes > batchBytesMax;
      return call.declared !== first?.declared || (isTooMuch && call !== first);
    });
    const calls = waiting.splice(0, end < 0 ? waiting.length : end);
    if (waiting.length === 0) this.#waiting.delete(agent);
    return calls;
  }

  async #writeTogether(declared: Declared, calls: readonly Call[]): Promise<void> {
    const { store, books, now } = this.#options;
    const { agent, name, key, history, schemaHash } = declared;
    for (let tries = 0; tries < triesMax; tries++) {
      const row = await books.open(agent, name, key, schemaHash);
      const intended = calls.flatMap(({ intents }) => intents.map(toIntended));
      const { collectionId } = row;
      const read = "collection_states";
      const states = await store.read({ read, collectionId, history, intended });
      const draft = new Draft({ history, nowMs: now(), lastVersion: row.lastVersion });
      const ends = this.#decide(calls, states, draft);
      if (draft.lastVersion === row.lastVersion) return settle(ends);
      const { change, others } = operationsOf(draft, row, newOpaqueId());
      if (await books.commit(change, others)) return settle(ends);
    }
    const found = "another daemon keeps writing to it";
    const message = `Cannot write to collection "${name}": ${found}; try again`;
    throw new AppError("version_conflict", message);
  }

  /** Settles each call, once the draft is committed. */
  #decide(calls: readonly Call[], states: readonly CollectionState[], draft: Draft): End[] {
    let place = 0;
    return calls.map((call) => {
      const own = states.slice(place, place += call.intents.length);
      const branch = draft.branch();
      try {
        const versions = this.#apply(call, own, branch, draft);
        draft.absorb(branch);
        return () => call.resolve(versions);
      } catch (thrown) {
        return () => call.reject(thrown);
      }
    });
  }

  #apply(
    { declared: { agent, name }, intents }: Call,
    states: readonly CollectionState[],
    branch: Draft,
    draft: Draft,
  ): Versions {
    const versions = intents.map((intent, index) => {
      const outcome = branch.apply(intent, states[index] ?? nothing);
      if (!("conflict" in outcome)) return outcome.version;
      throw conflict(name, index, intent, outcome.conflict);
    });
    const isDelete = intents.every(({ kind }) => kind === "delete");
    const { values, bytes } = this.#options.books.useOf(agent);
    const use = { values: values + draft.values, bytes: bytes + draft.bytes };
    // A delete frees room later, even though with history it first adds a mark.
    const full = isDelete
      ? undefined
      : whyFull(agent, name, this.#options.boundsOf(agent), use, branch);
    if (full) throw full;
    return versions;
  }
}

type End = () => void;

const nothing: CollectionState = { head: undefined, shown: undefined };

function settle(ends: readonly End[]): void {
  for (const end of ends) end();
}

function bytesIn({ intents }: Call): number {
  return intents.reduce((sum, intent) => sum + (intent.kind === "put" ? intent.bytes : 0), 0);
}

function toIntended(intent: Intent): IntendedTuple {
  return intent.kind === "delete"
    ? [intent.key, null, null]
    : [intent.key, intent.publicAtMs ?? null, intent.value];
}

function conflict(
  collection: string,
  index: number,
  { ifVersion }: Intent,
  held: number | null,
): AppError {
  const found = held === null ? "no value exists" : `it has version ${held}`;
  const wanted = ifVersion === null ? "where no value exists" : `over version ${ifVersion}`;
  return new AppError(
    "version_conflict",
    `Cannot write value ${index} to collection "${collection}" ${wanted}: ${found}; ` +
      `read it again and retry`,
    { details: { index, version: held } },
  );
}
