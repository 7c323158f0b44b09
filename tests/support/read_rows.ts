/** What is in a database's tables, over a connection of its own: below the store's port. */

import { createClient } from "@libsql/client";

export async function readRows(
  url: string,
  sql: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = createClient({ url, concurrency: 1, intMode: "number" });
  try {
    await client.execute("PRAGMA busy_timeout = 5000");
    return (await client.execute(sql)).rows.map((row) => ({ ...row }));
  } finally {
    client.close();
  }
}
