/**
 * Collections: what an agent keeps for good, declared in its manifest and reached by
 * `ctx.collections.<name>`. Values are objects, found by one or more of their own fields:
 *
 * ```ts
 * import { defineAgent, z } from "100ac";
 *
 * export const filings = defineAgent({
 *   id: "filings",
 *   description: "Keeps what companies have filed",
 *   collections: {
 *     accepted: {
 *       key: ["symbol", "filed_on"],
 *       schema: z.object({ symbol: z.string(), filed_on: z.iso.date(), revenue: z.number() }),
 *       history: true,
 *     },
 *   },
 *   capabilities: {
 *     latest: {
 *       description: "The newest filing of a symbol",
 *       input: z.object({ symbol: z.string() }),
 *       output: z.object({ revenue: z.number().nullable() }),
 *       async run({ symbol }, ctx) {
 *         const page = await ctx.collections.accepted.list({
 *           prefix: { symbol },
 *           descending: true,
 *           limit: 1,
 *         });
 *         return { revenue: page.entries[0]?.value.revenue ?? null };
 *       },
 *     },
 *   },
 * });
 * ```
 *
 * A collection belongs to its agent: others get at it by asking the agent alone. Every value has
 * two clocks: since when it is public, which the agent may say, and when it was recorded here.
 */

import type { z } from "zod";

/** What a manifest says of a collection. */
export interface CollectionDefinition {
  /**
   * Fields of the schema that a value is found by, in the order in which values are listed. Each is
   * a text (by code point) or a number (by size).
   */
  readonly key: readonly string[];
  /** What a value must be: JSON. */
  readonly schema: z.ZodObject;
  /** Keep what a value was before: reads as of an earlier instant need it. */
  readonly history?: boolean;
  /** `"90d"`: what was written, or replaced, longer ago is forgotten. Without it, nothing is. */
  readonly retain?: string;
}

export type CollectionDefinitions = Readonly<Record<string, CollectionDefinition>>;

/** The collections of an agent, by the names in its manifest. */
export type Collections<Definitions> = {
  readonly [Name in keyof Definitions]: Definitions[Name] extends CollectionDefinition
    ? Collection<z.output<Definitions[Name]["schema"]>, Definitions[Name]["key"][number]>
    : never;
};

/** The fields of a value that make its key. */
export type KeyOf<Value, Parts extends string> = Pick<Value, Parts & keyof Value>;

export interface Collection<Value, Parts extends string> {
  /**
   * Keeps a value in place of the one with its key. The same value again changes nothing.
   * @throws {AppError} `invalid_input`, `version_conflict`, `collection_full`; `as_of_refused` in a
   * request as of an earlier instant.
   */
  put(value: Value, options?: PutOptions): Promise<{ readonly version: number }>;
  /** Keeps all, in one transaction, or none: the error's `details.index` says which is wrong. */
  putMany(
    puts: readonly (PutOptions & { readonly value: Value })[],
  ): Promise<readonly { readonly version: number }[]>;
  /**
   * The value with this key; undefined when there is none.
   * @throws {AppError} `value_misfit` for one that does not fit the schema any more; its `details`
   * hold it.
   */
  get(key: KeyOf<Value, Parts>, at?: ReadAt): Promise<Entry<Value> | undefined>;
  /** Whether there was one. With history, reads as of an earlier instant still find it. */
  delete(
    key: KeyOf<Value, Parts>,
    options?: Pick<PutOptions, "ifVersion">,
  ): Promise<boolean>;
  /** A page of values in the order of their keys. */
  list(options?: ListOptions<KeyOf<Value, Parts>>): Promise<Page<Value>>;
}

export interface PutOptions {
  /**
   * Since when the value is public, in UTC milliseconds; without it, now. A later instant than now
   * is refused.
   */
  readonly publicAtMs?: number | undefined;
  /** Write only over this version; null: only where there is no value. */
  readonly ifVersion?: number | null | undefined;
}

/** What a read may know; of a collection with history. */
export interface ReadAt {
  /** What was public at this instant. */
  readonly asOfMs?: number | undefined;
  /** What was recorded here by this instant. */
  readonly recordedByMs?: number | undefined;
}

export interface ListOptions<Key> extends ReadAt {
  /** Values of the first parts of the key: only what has them is listed. */
  readonly prefix?: Partial<Key> | undefined;
  /** Bounds of the next part of the key, both included. */
  readonly from?: string | number | undefined;
  readonly to?: string | number | undefined;
  readonly descending?: boolean | undefined;
  /** Values of a page: 100, and 1,000 at most. A page of large values has fewer. */
  readonly limit?: number | undefined;
  /** The `cursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** A value, and what is known of it. */
export interface Entry<Value> {
  readonly value: Value;
  /** Grows with each write of the collection. */
  readonly version: number;
  readonly publicAtMs: number;
  readonly recordedAtMs: number;
  /** The first that was recorded of its key, later than it was public. */
  readonly firstSeenLate: boolean;
}

/** A value that does not fit the schema any more. */
export interface Misfit extends Entry<unknown> {
  /** What does not fit. */
  readonly problems: readonly string[];
}

export interface Page<Value> {
  readonly entries: readonly Entry<Value>[];
  /** Those among them that do not fit the schema any more: write them anew, or delete them. */
  readonly misfits: readonly Misfit[];
  /** Where the next page begins; undefined after the last. */
  readonly cursor: string | undefined;
}
