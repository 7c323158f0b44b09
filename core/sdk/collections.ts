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
 * A collection belongs to its agent; others reach it only through the agent. Every value has
 * two times: when it became public, which the agent may set, and when it was recorded here.
 */

import type { z } from "zod";

/** The manifest's entry for a collection. */
export interface CollectionDefinition {
  /**
   * Fields of the schema that identify a value, in sort order. Each is a text (sorted by code
   * point) or a number (sorted by value).
   */
  readonly key: readonly string[];
  /** The schema of a value, which is JSON. */
  readonly schema: z.ZodObject;
  /** Keep earlier values; required for reads as of an earlier instant. */
  readonly history?: boolean;
  /** `"90d"`: versions written or replaced longer ago are deleted. Without it, none are. */
  readonly retain?: string;
}

export type CollectionDefinitions = Readonly<Record<string, CollectionDefinition>>;

/** The collections of an agent, by the names in its manifest. */
export type Collections<Definitions> = {
  readonly [Name in keyof Definitions]: Definitions[Name] extends CollectionDefinition
    ? Collection<z.output<Definitions[Name]["schema"]>, Definitions[Name]["key"][number]>
    : never;
};

/** The fields of a value that form its key. */
export type KeyOf<Value, Parts extends string> = Pick<Value, Parts & keyof Value>;

export interface Collection<Value, Parts extends string> {
  /**
   * Stores a value under its key, replacing an earlier one. Storing an equal value changes nothing.
   * @throws {AppError} `invalid_input`, `version_conflict`, `collection_full`; `as_of_refused` in a
   * request as of an earlier instant.
   */
  put(value: Value, options?: PutOptions): Promise<{ readonly version: number }>;
  /**
   * Stores all values in one transaction or none; `details.index` of the error names the bad one.
   */
  putMany(
    puts: readonly (PutOptions & { readonly value: Value })[],
  ): Promise<readonly { readonly version: number }[]>;
  /**
   * The value with this key; undefined if there is none.
   * @throws {AppError} `value_misfit` if the value no longer fits the schema; `details` contain it.
   */
  get(key: KeyOf<Value, Parts>, at?: ReadAt): Promise<Entry<Value> | undefined>;
  /** Returns whether a value was deleted. With history, earlier reads still find it. */
  delete(
    key: KeyOf<Value, Parts>,
    options?: Pick<PutOptions, "ifVersion">,
  ): Promise<boolean>;
  /** A page of values in the order of their keys. */
  list(options?: ListOptions<KeyOf<Value, Parts>>): Promise<Page<Value>>;
}

export interface PutOptions {
  /**
   * When the value became public, in UTC milliseconds; defaults to now. Future instants are
   * refused.
   */
  readonly publicAtMs?: number | undefined;
  /** Write only over this version; null: only if there is no value. */
  readonly ifVersion?: number | null | undefined;
}

/** Limits what a read may see; requires `history`. */
export interface ReadAt {
  /** What was public at this instant. */
  readonly asOfMs?: number | undefined;
  /** What was recorded here by this instant. */
  readonly recordedByMs?: number | undefined;
}

export interface ListOptions<Key> extends ReadAt {
  /** Values of the leading key parts: only matching keys are listed. */
  readonly prefix?: Partial<Key> | undefined;
  /** Bounds of the next part of the key, both included. */
  readonly from?: string | number | undefined;
  readonly to?: string | number | undefined;
  readonly descending?: boolean | undefined;
  /** Values per page: 100 by default, at most 1,000; fewer if the values are large. */
  readonly limit?: number | undefined;
  /** The `cursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** A value with its version and times. */
export interface Entry<Value> {
  readonly value: Value;
  /** Grows with each write of the collection. */
  readonly version: number;
  readonly publicAtMs: number;
  readonly recordedAtMs: number;
  /** Whether it is the key's first recorded version, recorded after it became public. */
  readonly firstSeenLate: boolean;
}

/** A value that no longer fits the schema. */
export interface Misfit extends Entry<unknown> {
  /** What does not fit. */
  readonly problems: readonly string[];
}

export interface Page<Value> {
  readonly entries: readonly Entry<Value>[];
  /** Values of the page that no longer fit the schema; write them again or delete them. */
  readonly misfits: readonly Misfit[];
  /** Where the next page begins; undefined after the last. */
  readonly cursor: string | undefined;
}
