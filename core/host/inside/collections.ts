/**
 * `ctx.collections`: validates values with the agent's own zod schema, which decides, and asks the
 * daemon, which stores them. Values read back are validated too, since they may fit only an earlier
 * schema.
 */

import { z } from "zod";
import { AppError } from "../../errors.ts";
import type {
  Collection,
  CollectionDefinition,
  CollectionDefinitions,
  Entry,
  ListOptions,
  Misfit,
  PutOptions,
  ReadAt,
} from "../../sdk/collections.ts";

/** Asks the daemon in the agent's name, within the deadline of the current request. */
type Ask = (address: string, input: unknown) => Promise<unknown>;

type Value = Record<string, unknown>;
type Key = Readonly<Record<string, unknown>>;

const StoredEntry = z.object({
  /** JSON text. */
  value: z.string(),
  version: z.number(),
  public_at: z.number(),
  recorded_at: z.number(),
  first_seen_late: z.boolean(),
});
const PutAnswer = z.object({ versions: z.array(z.number()) });
const GetAnswer = z.object({ entry: StoredEntry.nullable() });
const DeleteAnswer = z.object({ deleted: z.boolean() });
const ListAnswer = z.object({ entries: z.array(StoredEntry), cursor: z.string().nullable() });

const problemsMax = 5;

/** The collections that an agent declares, by name. */
export function openCollections(
  definitions: CollectionDefinitions,
  ask: Ask,
): Readonly<Record<string, Collection<Value, string>>> {
  return Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) =>
      [name, openCollection(name, definition, ask)] as const
    ),
  );
}

function openCollection(
  collection: string,
  { key: parts, schema }: CollectionDefinition,
  ask: Ask,
): Collection<Value, string> {
  const putMany = async (
    puts: readonly (PutOptions & { readonly value: Value })[],
  ): Promise<readonly { readonly version: number }[]> => {
    const entries = puts.map(({ value, publicAtMs, ifVersion }, index) => ({
      value: checked(collection, schema, value, index),
      public_at: publicAtMs,
      if_version: ifVersion,
    }));
    const { versions } = PutAnswer.parse(await ask("collections.put", { collection, entries }));
    return versions.map((version) => ({ version }));
  };
  return {
    putMany,
    put: async (value, options = {}) => {
      const [put] = await putMany([{ ...options, value }]);
      if (!put) throw new Error("the answer to a put has no version");
      return put;
    },
    get: async (key, at = {}) => {
      const asked = { collection, key: partsOf(collection, parts, key), ...timesOf(at) };
      const { entry } = GetAnswer.parse(await ask("collections.get", asked));
      if (!entry) return undefined;
      const read = readEntry(schema, entry);
      if (!("problems" in read)) return read;
      throw misfit(collection, read);
    },
    delete: async (key, { ifVersion } = {}) => {
      const input = { collection, key: partsOf(collection, parts, key), if_version: ifVersion };
      return DeleteAnswer.parse(await ask("collections.delete", input)).deleted;
    },
    list: async (options = {}) => {
      const input = { collection, ...listInput(collection, parts, options) };
      const { entries, cursor } = ListAnswer.parse(await ask("collections.list", input));
      const read = entries.map((entry) => readEntry(schema, entry));
      return {
        entries: read.filter((entry) => !("problems" in entry)) as Entry<Value>[],
        misfits: read.filter((entry) => "problems" in entry),
        cursor: cursor ?? undefined,
      };
    },
  };
}

function listInput(
  collection: string,
  parts: readonly string[],
  { prefix = {}, from, to, descending, limit, cursor, ...at }: ListOptions<Key>,
): Record<string, unknown> {
  const given = Object.keys(prefix).filter((part) => prefix[part] !== undefined);
  const first = parts.slice(0, given.length);
  if (given.some((part) => !first.includes(part))) {
    const found = `its prefix has ${given.join(", ")}`;
    throw badKey(collection, `${found}; give only the first of ${parts.join(", ")}`);
  }
  const values = first.map((part) => prefix[part]);
  return { prefix: values, from, to, descending, limit, cursor, ...timesOf(at) };
}

function timesOf({ asOfMs, recordedByMs }: ReadAt): Record<string, unknown> {
  return { as_of: asOfMs, recorded_by: recordedByMs };
}

/** The values of a key's parts. A whole value may be given as its own key. */
function partsOf(collection: string, parts: readonly string[], key: Key): unknown[] {
  const missing = parts.filter((part) => key[part] === undefined);
  if (missing.length === 0) return parts.map((part) => key[part]);
  throw badKey(collection, `its key lacks ${missing.join(", ")}; give ${parts.join(", ")}`);
}

function badKey(collection: string, found: string): AppError {
  return new AppError("invalid_input", `Cannot use collection "${collection}": ${found}`);
}

function checked(collection: string, schema: z.ZodObject, value: Value, index: number): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = problemsOf(parsed.error);
  throw new AppError(
    "invalid_input",
    `Cannot put value ${index} into collection "${collection}": it does not fit the schema: ` +
      problems.join("; "),
    { details: { index, problems } },
  );
}

function readEntry(
  schema: z.ZodObject,
  entry: z.output<typeof StoredEntry>,
): Entry<Value> | Misfit {
  const { version, public_at, recorded_at, first_seen_late } = entry;
  const value = JSON.parse(entry.value) as unknown;
  const known = {
    version,
    publicAtMs: public_at,
    recordedAtMs: recorded_at,
    firstSeenLate: first_seen_late,
  };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, ...known };
  return { value, ...known, problems: problemsOf(parsed.error) };
}

function misfit(collection: string, { value, version, problems }: Misfit): AppError {
  return new AppError(
    "value_misfit",
    `Cannot read a value of collection "${collection}": it no longer fits the schema: ` +
      `${problems.join("; ")}; put it again or delete it`,
    { details: { value, version, problems } },
  );
}

function problemsOf(error: z.ZodError): string[] {
  return error.issues.slice(0, problemsMax)
    .map(({ path, message }) => `${path.join(".") || "value"}: ${message}`);
}
