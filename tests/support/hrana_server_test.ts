/** The libSQL server that tests run against: what a client gets from it, and how it misbehaves. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type Client, createClient, LibsqlError } from "@libsql/client";
import { eventually } from "./eventually.ts";
import { type HranaServer, startHranaServer } from "./hrana_server.ts";
import { makeTempFolder } from "./temp_folder.ts";

interface Trial extends AsyncDisposable {
  readonly server: HranaServer;
  readonly client: Client;
}

async function open(options: { readonly busyTimeoutMs?: number } = {}): Promise<Trial> {
  const folder = await makeTempFolder();
  const server = startHranaServer({ path: join(folder.path, "served.db"), ...options });
  const client = createClient({ url: server.url, intMode: "number" });
  await client.execute("CREATE TABLE entries (id INTEGER PRIMARY KEY, text TEXT UNIQUE) STRICT");
  return {
    server,
    client,
    [Symbol.asyncDispose]: async () => {
      client.close();
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function textsIn(client: Client): Promise<unknown[]> {
  return (await client.execute("SELECT text FROM entries ORDER BY id")).rows.map(({ text }) =>
    text
  );
}

const insert = "INSERT INTO entries (text) VALUES (?)";

function codeOf(thrown: unknown): string {
  return thrown instanceof LibsqlError ? thrown.code : String(thrown);
}

Deno.test("values come back as they went in, with their types", async () => {
  await using trial = await open();
  const bytes = new Uint8Array([0, 1, 255]);
  const { rows: [row], columns } = await trial.client.execute({
    sql: "SELECT ? AS n, ? AS big, ? AS real, ? AS text, ? AS bytes, typeof(?1) AS kind",
    args: [null, 2n ** 52n, 1.5, "a\nb 😀", bytes],
  });
  assert.deepEqual(columns, ["n", "big", "real", "text", "bytes", "kind"]);
  assert.deepEqual({ ...row, bytes: new Uint8Array(row?.bytes as ArrayBuffer) }, {
    n: null,
    big: 2 ** 52,
    real: 1.5,
    text: "a\nb 😀",
    bytes,
    kind: "null",
  });
  const named = await trial.client.execute({
    sql: "SELECT :a + @b AS sum",
    args: { a: 1n, b: 2n },
  });
  assert.equal(named.rows[0]?.sum, 3);
});

Deno.test("a statement says how many rows it changed, and the rows that it returns", async () => {
  await using trial = await open();
  const inserted = await trial.client.execute({ sql: `${insert} RETURNING id`, args: ["a"] });
  assert.deepEqual([inserted.rowsAffected, inserted.lastInsertRowid], [1, 1n]);
  assert.equal(inserted.rows[0]?.id, 1);
  const updated = await trial.client.execute("UPDATE entries SET text = text || '!'");
  assert.equal(updated.rowsAffected, 1);
});

Deno.test("a batch commits whole or not at all", async () => {
  await using trial = await open();
  const { client } = trial;
  const results = await client.batch([
    { sql: insert, args: ["a"] },
    { sql: insert, args: ["b"] },
    "SELECT count(*) AS count FROM entries",
  ], "write");
  assert.equal(results[2]?.rows[0]?.count, 2);
  const twice = [{ sql: insert, args: ["c"] }, { sql: insert, args: ["a"] }];
  await assert.rejects(client.batch(twice, "write"), (thrown) => {
    assert.match(String(thrown), /SQLite error: UNIQUE constraint failed: entries\.text/);
    return codeOf(thrown) === "SQLITE_CONSTRAINT";
  });
  assert.deepEqual(await textsIn(client), ["a", "b"]);
});

Deno.test("a script runs as one transaction, and what a failure leaves open is rolled back", async () => {
  await using trial = await open();
  const { client } = trial;
  await client.executeMultiple("BEGIN IMMEDIATE; INSERT INTO entries VALUES (7, 'a'); COMMIT;");
  const broken = "BEGIN IMMEDIATE; INSERT INTO entries VALUES (8, 'b'); SELECT nonsense; COMMIT;";
  await assert.rejects(client.executeMultiple(broken), (thrown) => {
    return codeOf(thrown) === "SQLITE_UNKNOWN";
  });
  assert.deepEqual(await textsIn(client), ["a"]);
  await client.execute({ sql: insert, args: ["c"] });
});

Deno.test("an interactive transaction is one stream, whose writes others wait for", async (t) => {
  await using trial = await open({ busyTimeoutMs: 100 });
  const { client, server } = trial;
  const transaction = await client.transaction("write");
  await transaction.execute({ sql: insert, args: ["a"] });
  assert.equal(server.openStreams, 1);
  await t.step("as long as the server lets them", async () => {
    await assert.rejects(
      client.execute({ sql: insert, args: ["b"] }),
      (thrown) => codeOf(thrown) === "SQLITE_BUSY",
    );
  });
  await t.step("until it ends", async () => {
    const waiting = client.execute({ sql: insert, args: ["b"] });
    await transaction.commit();
    await waiting;
    assert.deepEqual(await textsIn(client), ["a", "b"]);
    assert.equal(server.openStreams, 0);
  });
  await t.step("or expires, which rolls it back", async () => {
    const left = await client.transaction("write");
    await left.execute({ sql: insert, args: ["c"] });
    server.expireStreams();
    await assert.rejects(left.commit(), (thrown) => codeOf(thrown) === "STREAM_EXPIRED");
    assert.deepEqual(await textsIn(client), ["a", "b"]);
  });
});

Deno.test("what belongs to one connection, or to no server, is refused", async () => {
  await using trial = await open();
  const refused = {
    "PRAGMA journal_mode = DELETE": "SQL_PARSE_ERROR",
    "PRAGMA busy_timeout = 1": "SQL_PARSE_ERROR",
    "PRAGMA wal_checkpoint(TRUNCATE)": "SQL_PARSE_ERROR",
    "CREATE TEMP TABLE t (x)": "SQL_PARSE_ERROR",
    "SELECT 1; SELECT 2": "SQL_MANY_STATEMENTS",
    "SELECT ?": "ARGS_INVALID",
  };
  for (const [sql, code] of Object.entries(refused)) {
    await assert.rejects(trial.client.execute(sql), (thrown) => codeOf(thrown) === code, sql);
  }
  const taken = ["PRAGMA foreign_keys", "PRAGMA foreign_keys = ON", "SELECT '; PRAGMA x = 1' -- ;"];
  for (const sql of taken) await trial.client.execute(sql);
});

Deno.test("nobody is let in without the token", async () => {
  await using folder = await makeTempFolder();
  const path = join(folder.path, "served.db");
  await using server = startHranaServer({ path, token: "open sesame" });
  for (const url of [server.url, `${server.url}?authToken=wrong`]) {
    const client = createClient({ url });
    await assert.rejects(client.execute("SELECT 1"), /Authentication failed/);
    client.close();
  }
  const client = createClient({ url: `${server.url}?authToken=open%20sesame` });
  assert.equal((await client.execute("SELECT 1 AS one")).rows[0]?.one, 1);
  client.close();
});

Deno.test("a server fails as it is asked to, as often as it is asked to", async (t) => {
  await using trial = await open();
  const { client, server } = trial;
  const write = (text: string): Promise<unknown> =>
    client.batch([{ sql: insert, args: [text] }], "write");
  await t.step("before anything is done", async () => {
    server.misbehave({ kind: "drop_before" }, { times: 1 });
    await assert.rejects(write("a"), TypeError);
    assert.deepEqual(await textsIn(client), []);
  });
  await t.step("after all is done, where its SQL fits", async () => {
    server.misbehave({ kind: "drop_after" }, { times: 1, when: /INSERT/ });
    assert.deepEqual(await textsIn(client), []);
    await assert.rejects(write("b"), TypeError);
    assert.deepEqual(await textsIn(client), ["b"]);
  });
  await t.step("with a status, until it is to behave", async () => {
    server.misbehave({ kind: "refuse", status: 503 });
    for (let n = 0; n < 3; n++) {
      await assert.rejects(write("c"), (thrown) => codeOf(thrown) === "SERVER_ERROR");
    }
    server.behave();
    await write("d");
  });
  await t.step("late", async () => {
    server.misbehave({ kind: "slow", ms: 100 }, { times: 1 });
    const startedAtMs = performance.now();
    await write("e");
    assert.ok(performance.now() - startedAtMs >= 100);
  });
});

Deno.test("a server that was stopped comes back at its address with what was committed", async () => {
  await using trial = await open();
  const { client, server } = trial;
  await client.execute({ sql: insert, args: ["a"] });
  const transaction = await client.transaction("write");
  await transaction.execute({ sql: insert, args: ["lost"] });
  server.misbehave({ kind: "slow", ms: 60_000 }, { times: 1 });
  const cutOff = client.execute("SELECT 1");
  await eventually(() => server.pipelines >= 4);
  await server.stop();
  await assert.rejects(cutOff, TypeError);
  await assert.rejects(client.execute("SELECT 1"));
  server.restart();
  assert.deepEqual(await textsIn(client), ["a"]);
  transaction.close();
});
