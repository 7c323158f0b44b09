/** Makes a database unsound in a way that SQLite itself does not mind. */

import { createClient } from "@libsql/client";

/** Removes the definitions that executions refer to. */
export async function orphanExecutions(url: string): Promise<void> {
  const client = createClient({ url, concurrency: 1 });
  await client.execute("PRAGMA foreign_keys = OFF");
  await client.execute("DELETE FROM workflow_definitions");
  client.close();
}
