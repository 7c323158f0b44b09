/** The store on a libSQL server: what a network does to it, and what it asks of the server. */

import assert from "node:assert/strict";
import { serveStores } from "../../support/served_store.ts";

Deno.test("stores that open on an empty server at once migrate it once", async () => {
  await using served = await serveStores();
  const [store] = await Promise.all([1, 2, 3, 4].map(() => served.open()));
  const rows = await store?.database.read("SELECT version FROM schema_migrations") ?? [];
  assert.ok(rows.length > 0);
  assert.deepEqual(rows.map(({ version }) => version), rows.map((_, at) => at + 1));
});
