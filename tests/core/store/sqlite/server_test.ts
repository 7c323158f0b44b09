/** The store on a libSQL server: network failures, and what the server must provide. */

import assert from "node:assert/strict";
import { createLog } from "../../../../core/log.ts";
import { Retention } from "../../../../core/store/retention.ts";
import { serveStores } from "../../../support/served_store.ts";
import { tryEngine, workflowOf } from "../../engine/engine_trial.ts";
import { createdIn } from "../execution_operations.ts";

const agents = { "agent.one": () => 1, "agent.two": () => 2, "agent.three": () => 3 };
const countSql = "SELECT count(*) AS count FROM workflow_executions";

Deno.test("a store on a server still has its data after reopening", async () => {
  await using served = await serveStores();
  const store = await served.open();
  assert.equal(store.exclusive, false, "only leases exclude other daemons");
  {
    await using trial = await tryEngine(store, { agents });
    const { status } = await trial.run(workflowOf(["one", "two", "three"]));
    assert.equal(status, "completed");
  }
  await store.close();
  const url = `${served.server.url.replace("http:", "libsql:")}?tls=0`;
  assert.deepEqual(await (await served.open({ url })).database.read(countSql), [{ count: 1 }]);
});

Deno.test("stores that open on an empty server at the same time migrate it once", async () => {
  await using served = await serveStores();
  const [store] = await Promise.all([1, 2, 3, 4].map(() => served.open()));
  const rows = await store?.database.read("SELECT version FROM schema_migrations") ?? [];
  assert.ok(rows.length > 0);
  assert.deepEqual(rows.map(({ version }) => version), rows.map((_, at) => at + 1));
});

Deno.test("deleting an execution on a server also deletes its rows", async () => {
  await using served = await serveStores();
  const store = await served.open();
  await using trial = await tryEngine(store, { agents });
  await trial.run(workflowOf(["one"]));
  const { database } = store;
  const log = createLog({ threshold: "off", write: () => undefined, pretty: false });
  assert.equal(await new Retention({ store, days: 1, log }).forget(Date.now() + 1), 1);
  const [row] = await database.read("SELECT count(*) AS count FROM workflow_step_executions");
  assert.equal(row?.count, 0);
});

Deno.test("a server that does not enforce foreign keys is refused", async () => {
  await using served = await serveStores({ foreignKeys: false });
  await assert.rejects(served.open(), {
    code: "store_unavailable",
    message: /^Cannot open database "http:.*": the server does not enforce foreign keys; /,
  });
});

Deno.test("an unreachable server or a wrong token is refused without showing the token", async () => {
  await using served = await serveStores({ token: "the right one" });
  const urlWith = (token: string): string =>
    `${served.server.url}?authToken=${encodeURIComponent(token)}`;
  const shown = (reason: string): RegExp =>
    new RegExp(`^Cannot open database "${served.server.url}": (?!.*one).*${reason}`);
  await assert.rejects(served.open({ url: urlWith("the wrong one") }), {
    code: "store_unavailable",
    message: shown("Authentication failed; check the address and its authToken"),
  });
  const url = urlWith("the right one");
  await served.open({ url });
  served.server.misbehave({ kind: "refuse", status: 503 });
  await assert.rejects(served.open({ url }), {
    code: "not_reachable",
    message: shown("503.*; start its server"),
  });
  await served.server.stop();
  await assert.rejects(served.open({ url }), {
    code: "not_reachable",
    message: shown("; start its server"),
  });
});

Deno.test("a writer that keeps the server busy fails a commit but not the daemon", async () => {
  await using served = await serveStores({ busyTimeoutMs: 50 });
  const store = await served.open({ onFatal: assert.fail });
  const rival = await served.server.hold();
  await assert.rejects(createdIn(store), { code: "store_unavailable", message: /SQLITE_BUSY/ });
  rival.release();
  await createdIn(store);
  assert.deepEqual(await store.database.read(countSql), [{ count: 1 }]);
});

Deno.test("a missing answer times out, and the next commit succeeds", async () => {
  await using served = await serveStores();
  const store = await served.open({ answerMsMax: 300 });
  served.server.misbehave({ kind: "slow", ms: 60_000 }, { times: 1 });
  await assert.rejects(createdIn(store), { code: "store_unavailable", message: /due to timeout/ });
  await createdIn(store);
});

Deno.test("a long read delays no commit", async () => {
  await using served = await serveStores();
  const store = await served.open();
  served.server.misbehave({ kind: "slow", ms: 60_000 }, { times: 1, when: /SELECT count/ });
  const reading = store.database.read(countSql);
  await createdIn(store);
  await served.server.stop();
  await assert.rejects(reading, { code: "store_unavailable" });
});

Deno.test("a commit whose answer is lost is not retried in parts", async () => {
  await using served = await serveStores();
  const store = await served.open();
  const before = served.server.pipelines;
  served.server.misbehave({ kind: "drop_after" }, { times: 1, when: /INSERT/ });
  const ends = await Promise.allSettled([1, 2, 3].map(() => createdIn(store)));
  assert.deepEqual(ends.map(({ status }) => status), ["rejected", "rejected", "rejected"]);
  assert.equal(served.server.pipelines - before, 1);
  assert.deepEqual(await store.database.read(countSql), [{ count: 3 }], "they were committed");
});
