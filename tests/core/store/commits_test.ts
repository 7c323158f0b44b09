/** Group commit on a real database: who shares a transaction, who falls with whom. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../../core/errors.ts";
import { CommitQueue, type Verb, type Write, write } from "../../../core/store/sqlite/commits.ts";
import type { Database } from "../../../core/store/sqlite/database.ts";
import { openTempStore } from "../../support/temp_store.ts";

interface Entry {
  readonly id: string;
  readonly value: number | string;
}

const table = "CREATE TABLE entries (id TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT";

const insert: Verb<Entry> = {
  name: "insert",
  order: 1,
  key: ({ id }) => id,
  sql: `INSERT INTO entries SELECT value ->> 'id', value ->> 'value' FROM json_each(?1) WHERE true
    ON CONFLICT DO NOTHING RETURNING id AS key`,
};

const double: Verb<{ readonly id: string }> = {
  name: "double",
  order: 2,
  key: ({ id }) => id,
  sql: `UPDATE entries SET value = entries.value * 2 FROM json_each(?1) AS row
    WHERE entries.id = row.value ->> 'id' RETURNING entries.id AS key`,
};

interface Trial extends AsyncDisposable {
  readonly queue: CommitQueue;
  /** The verbs of each transaction that was tried. */
  readonly transactions: readonly (readonly string[])[];
  /** Set to make every transaction fail. */
  failure: Error | undefined;
  entries(): Promise<Record<string, unknown>>;
}

async function tryCommits(): Promise<Trial> {
  const temp = await openTempStore();
  const { database } = temp.store;
  await database.script(table);
  const transactions: string[][] = [];
  const watched: Database = {
    ...database,
    write: (statements) => {
      if (trial.failure) return Promise.reject(trial.failure);
      transactions.push(
        statements.map(({ sql }) => sql.includes("INSERT INTO entries") ? "insert" : "double"),
      );
      return database.write(statements);
    },
  };
  const trial: Trial = {
    queue: new CommitQueue(watched),
    transactions,
    failure: undefined,
    entries: async () => {
      const rows = await database.read("SELECT id, value FROM entries ORDER BY id");
      return Object.fromEntries(rows.map(({ id, value }) => [String(id), value]));
    },
    [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose](),
  };
  return trial;
}

const good = (id: string): Write => write(insert, { id, value: 1 });
const bad = (id: string): Write => write(insert, { id, value: "no number" });

Deno.test("what one turn hands in shares a transaction, each verb once, in their order", async () => {
  await using trial = await tryCommits();
  const { queue } = trial;
  const before = queue.commit([write(double, { id: "a" })]);
  // A promise's continuation is of the same turn.
  const after = Promise.resolve().then(() => queue.commit([good("a"), good("b")]));
  assert.deepEqual(await Promise.all([before, after]), [[true], [true, true]]);
  assert.deepEqual(trial.transactions, [["insert", "double"]]);
  assert.deepEqual(await trial.entries(), { a: 2, b: 1 });
});

Deno.test("what comes while a transaction runs waits for the next, all of it together", async () => {
  await using trial = await tryCommits();
  const { queue } = trial;
  const first = queue.commit([good("a")]);
  const rest = first.then(() =>
    Promise.all([queue.commit([good("b")]), queue.commit([good("c")])])
  );
  await Promise.all([first, rest]);
  assert.equal(trial.transactions.length, 2);
});

Deno.test("a write that took no effect is told from one that did", async () => {
  await using trial = await tryCommits();
  assert.deepEqual(await trial.queue.commit([good("a")]), [true]);
  const applied = await trial.queue.commit([
    good("a"),
    good("b"),
    write(double, { id: "nobody" }),
    write(double, { id: "a" }),
  ]);
  assert.deepEqual(applied, [false, true, false, true]);
});

Deno.test("nothing to write is no transaction", async () => {
  await using trial = await tryCommits();
  assert.deepEqual(await trial.queue.commit([]), []);
  assert.deepEqual(trial.transactions, []);
});

Deno.test("a bad row falls alone: its neighbours of the turn are committed", async () => {
  await using trial = await tryCommits();
  const ids = Array.from({ length: 20 }, (_, index) => `row${index}`);
  const results = await Promise.allSettled(
    ids.map((id, index) => trial.queue.commit([index === 7 ? bad(id) : good(id)])),
  );
  results.forEach((result, index) => {
    assert.equal(result.status, index === 7 ? "rejected" : "fulfilled");
  });
  assert.deepEqual(Object.keys(await trial.entries()), ids.filter((id) => id !== "row7").sort());
  assert.ok(trial.transactions.length < 12, "the bad one is found by halves");
});

Deno.test("the writes of one call stand or fall together", async () => {
  await using trial = await tryCommits();
  const [neighbour, mixed] = await Promise.allSettled([
    trial.queue.commit([good("a"), good("b")]),
    trial.queue.commit([good("c"), bad("d"), good("e")]),
  ]);
  assert.equal(neighbour.status, "fulfilled");
  assert.equal(mixed.status, "rejected");
  assert.deepEqual(await trial.entries(), { a: 1, b: 1 });
});

Deno.test("a property: every call is there whole, or refused and not there at all", async () => {
  await using trial = await tryCommits();
  let last = 0;
  const call = fc.array(fc.boolean(), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 12 }), async (calls) => {
      const named = calls.map((rows) => rows.map((isGood) => ({ id: `r${++last}`, isGood })));
      const results = await Promise.allSettled(
        named.map((rows) =>
          trial.queue.commit(rows.map(({ id, isGood }) => isGood ? good(id) : bad(id)))
        ),
      );
      const entries = await trial.entries();
      named.forEach((rows, index) => {
        const isWhole = rows.every(({ isGood }) => isGood);
        assert.equal(results[index]?.status, isWhole ? "fulfilled" : "rejected");
        for (const { id } of rows) assert.equal(id in entries, isWhole);
      });
    }),
    { numRuns: 40 },
  );
});

Deno.test("a database that fails is told to everyone who waits, and to nobody after it is back", async () => {
  await using trial = await tryCommits();
  trial.failure = new AppError("store_unavailable", "Cannot use the database: out of order");
  const results = await Promise.allSettled([
    trial.queue.commit([good("a")]),
    trial.queue.commit([good("b")]),
  ]);
  assert.deepEqual(
    results.map((result) => result.status === "rejected" && result.reason.code),
    ["store_unavailable", "store_unavailable"],
  );
  trial.failure = undefined;
  assert.deepEqual(await trial.queue.commit([good("a")]), [true]);
  assert.deepEqual(await trial.entries(), { a: 1 });
});

Deno.test("drain() settles when all that was handed in is committed, what came meanwhile too", async () => {
  await using trial = await tryCommits();
  await trial.queue.drain();
  void trial.queue.commit([good("a")]).then(() => trial.queue.commit([good("b")]));
  await trial.queue.drain();
  assert.deepEqual(await trial.entries(), { a: 1, b: 1 });
});

Deno.test("more calls than the bound are refused, and those that wait are committed", async () => {
  await using trial = await tryCommits();
  const calls = Array.from({ length: 100_000 }, () => trial.queue.commit([good("a")]));
  await assert.rejects(trial.queue.commit([good("b")]), {
    code: "overloaded",
    message: /100000 writes wait for the database/,
  });
  assert.equal((await Promise.all(calls)).length, 100_000);
  assert.deepEqual(await trial.queue.commit([good("b")]), [true]);
});

Deno.test("any text comes back as text: a NUL or half a character is replaced, never fatal", async () => {
  await using temp = await openTempStore();
  const { database, commits } = temp.store;
  await database.script("CREATE TABLE texts (id TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT");
  const keep: Verb<{ readonly id: string; readonly text: string }> = {
    name: "keep",
    order: 1,
    key: ({ id }) => id,
    sql: `INSERT INTO texts SELECT value ->> 'id', value ->> 'text' FROM json_each(?1) WHERE true
      RETURNING id AS key`,
  };
  let last = 0;
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("\0", "\ud800", "\udc00", "\\", "u0000", '"', "é", "😀") }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1 }), async (texts) => {
      const rows = texts.map((text) => ({ id: String(++last).padStart(9, "0"), text }));
      await commits.commit(rows.map((row) => write(keep, row)));
      const kept = await database.read("SELECT text FROM texts WHERE id >= ? ORDER BY id", [
        rows[0]?.id ?? "",
      ]);
      const wanted = texts.map((text) => text.toWellFormed().replaceAll("\0", "\uFFFD"));
      assert.deepEqual(kept.map(({ text }) => text), wanted);
    }),
    { numRuns: 40 },
  );
});
