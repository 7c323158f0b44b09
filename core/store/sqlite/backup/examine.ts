/** Examines a database file that nobody else has open: whether it is sound, and what it holds. */

import { pathToFileURL } from "node:url";
import { type Client, createClient, LibsqlError } from "@libsql/client";
import { messageOf } from "../../../errors.ts";
import type { Contents } from "../../backups.ts";

export type Examined =
  | { readonly kind: "sound"; readonly contents: Contents; readonly migrations: readonly Applied[] }
  /** `found` completes "it …": what is wrong with the file. */
  | { readonly kind: "unsound"; readonly found: string };

/** A migration that the database has had. */
export interface Applied {
  readonly version: number;
  readonly name: string;
}

/** Tables that every database of 100AC has had since its first migration. */
const ourTables = ["schema_migrations", "workflow_executions", "bars"];

/**
 * Checks the whole file: pages, indexes, constraints, references between rows. Folds a journal
 * beside it into the file.
 * @throws {unknown} what SQLite throws if the file can't be read for another reason.
 */
export async function examine(path: string): Promise<Examined> {
  let client: Client | undefined;
  try {
    client = createClient({ url: pathToFileURL(path).href, concurrency: 1, intMode: "number" });
    await client.execute("PRAGMA journal_mode = DELETE");
    await client.execute("PRAGMA query_only = ON");
    return await examineOpen(client);
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    return { kind: "unsound", found: `is damaged or not a database: ${messageOf(thrown)}` };
  } finally {
    client?.close();
  }
}

/** Whether SQLite says that a file's content is not that of a whole database. */
export function isDamage(thrown: unknown): boolean {
  return thrown instanceof LibsqlError && /^SQLITE_(CORRUPT|NOTADB)/.test(thrown.code);
}

async function examineOpen(client: Client): Promise<Examined> {
  const { rows: [first] } = await client.execute("PRAGMA integrity_check(1)");
  const finding = String(first?.[0]);
  if (finding !== "ok") return { kind: "unsound", found: `is damaged: ${finding}` };
  const { rows: [orphan] } = await client.execute("PRAGMA foreign_key_check");
  if (orphan) {
    const found = `is damaged: a row of "${orphan["table"]}" refers to one that is missing`;
    return { kind: "unsound", found };
  }
  const { rows: tables } = await client.execute("SELECT name FROM sqlite_schema");
  const names = new Set(tables.map(({ name }) => name));
  const missing = ourTables.find((name) => !names.has(name));
  if (missing !== undefined) {
    return { kind: "unsound", found: `is not a database of 100AC: it has no table "${missing}"` };
  }
  return await readContents(client);
}

/** Reads all counts in one transaction. */
async function readContents(client: Client): Promise<Examined> {
  const [applied, counts] = await client.batch([
    "SELECT version, name FROM schema_migrations ORDER BY version",
    "SELECT (SELECT count(*) FROM workflow_executions) AS executions, " +
    "(SELECT count(*) FROM bars) AS bars",
  ], "read");
  const migrations = (applied?.rows ?? []).map(({ version, name }) => (
    { version: Number(version), name: String(name) }
  ));
  const newest = migrations.at(-1);
  const [count] = counts?.rows ?? [];
  if (!newest || !count) {
    return { kind: "unsound", found: "is not a database of 100AC: it has no schema version" };
  }
  const contents = {
    schemaVersion: newest.version,
    executions: Number(count["executions"]),
    bars: Number(count["bars"]),
  };
  return { kind: "sound", contents, migrations };
}
