/** Group commit on a real database: which calls share a transaction, and which are retried. */

import assert from "node:assert/strict";
import { LibsqlError } from "@libsql/client";
import { AppError } from "../../../../../core/errors.ts";
import { type ExecutionId, newExecutionId } from "../../../../../core/ids.ts";
import type { Operation } from "../../../../../core/store/operation.ts";
import { CommitQueue } from "../../../../../core/store/sqlite/commits/commit_queue.ts";
import type { Database } from "../../../../../core/store/sqlite/database.ts";
import { kinds } from "../../../../../core/store/sqlite/kinds.ts";
import { openTempStore } from "../../../../support/temp_store.ts";

interface Trial extends AsyncDisposable {
  readonly queue: CommitQueue;
  /** The kinds of each attempted transaction. */
  readonly transactions: readonly (readonly string[])[];
  /** Set to make every transaction fail. */
  failure: Error | undefined;
  definitions(): Promise<unknown[]>;
  /** The definitions' texts, without space at the end. */
  texts(): Promise<unknown[]>;
  /** The values of the cache by key. */
  cached(): Promise<Record<string, unknown>>;
}

async function tryCommits(): Promise<Trial> {
  const temp = await openTempStore();
  const { database } = temp.store;
  const transactions: string[][] = [];
  const watched: Database = {
    ...database,
    write: (statements) => {
      transactions.push(
        statements.map(({ sql }) => kinds.find((kind) => kind.sql === sql)?.kind ?? sql),
      );
      return trial.failure ? Promise.reject(trial.failure) : database.write(statements);
    },
  };
  const trial: Trial = {
    queue: new CommitQueue(watched, kinds),
    transactions,
    failure: undefined,
    definitions: async () => {
      const sql = "SELECT definition_id FROM workflow_definitions ORDER BY definition_id";
      return (await database.read(sql)).map(({ definition_id }) => definition_id);
    },
    texts: async () => {
      const sql = "SELECT rtrim(text) AS text FROM workflow_definitions ORDER BY definition_id";
      return (await database.read(sql)).map(({ text }) => text);
    },
    cached: async () => {
      const rows = await database.read("SELECT cache_key, value FROM agent_cache");
      return Object.fromEntries(rows.map(({ cache_key, value }) => [cache_key, value]));
    },
    [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose](),
  };
  return trial;
}

function good(definitionId: string): Operation {
  return { kind: "save_definition", definitionId, workflowName: "w", text: "", atMs: 0 };
}

function execution(definitionId: string, executionId: ExecutionId = newExecutionId()): Operation {
  const own = { executionId, definitionId, workflowName: "w", inputParams: "{}", atMs: 0 };
  return { kind: "create_execution", ...own };
}

/** Always fails. */
const bad = execution("not stored");

Deno.test("calls of one turn share a transaction, with each kind once and in order", async () => {
  await using trial = await tryCommits();
  const { queue } = trial;
  const before = queue.commit([execution("a")]);
  // A promise's continuation belongs to the same turn.
  const after = Promise.resolve().then(() => queue.commit([good("a"), good("b")]));
  assert.deepEqual(await Promise.all([before, after]), [[true], [true, true]]);
  assert.deepEqual(trial.transactions, [["save_definition", "create_execution"]]);
});

Deno.test("calls made during a transaction share the next one", async () => {
  await using trial = await tryCommits();
  const { queue } = trial;
  const first = queue.commit([good("a")]);
  const rest = first.then(() =>
    Promise.all([queue.commit([good("b")]), queue.commit([good("c")])])
  );
  await Promise.all([first, rest]);
  assert.equal(trial.transactions.length, 2);
});

Deno.test("an empty commit runs no transaction", async () => {
  await using trial = await tryCommits();
  assert.deepEqual(await trial.queue.commit([]), []);
  assert.deepEqual(trial.transactions, []);
});

Deno.test("a bad row is isolated by halving and fails alone", async () => {
  await using trial = await tryCommits();
  const ids = Array.from({ length: 20 }, (_, index) => `d${String(index).padStart(2, "0")}`);
  const results = await Promise.allSettled(
    ids.map((id, index) => trial.queue.commit([index === 7 ? bad : good(id)])),
  );
  results.forEach((result, index) => {
    assert.equal(result.status, index === 7 ? "rejected" : "fulfilled");
  });
  assert.deepEqual(await trial.definitions(), ids.filter((_, index) => index !== 7));
  assert.ok(trial.transactions.length < 12, `${trial.transactions.length} transactions`);
});

for (const code of ["FULL", "BUSY", "IOERR_WRITE", "READONLY", "NOMEM", "CANTOPEN"]) {
  Deno.test(`a database that fails with SQLITE_${code} is tried once, and all calls are refused`, async () => {
    await using trial = await tryCommits();
    trial.failure = new AppError("store_unavailable", "Cannot use the database", {
      cause: new LibsqlError("it fails", `SQLITE_${code}`),
    });
    const ends = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => trial.queue.commit([good(`d${index}`)])),
    );
    for (const end of ends) {
      assert.equal(end.status === "rejected" && end.reason.code, "store_unavailable");
    }
    assert.equal(trial.transactions.length, 1);
    trial.failure = undefined;
    assert.deepEqual(await trial.queue.commit([good("a")]), [true]);
    assert.deepEqual(await trial.definitions(), ["a"]);
  });
}

Deno.test("drain() resolves when all calls are committed, including those made meanwhile", async () => {
  await using trial = await tryCommits();
  await trial.queue.drain();
  void trial.queue.commit([good("a")]).then(() => trial.queue.commit([good("b")]));
  await trial.queue.drain();
  assert.deepEqual(await trial.definitions(), ["a", "b"]);
});

Deno.test("calls beyond the bound are refused, and waiting ones are committed", async () => {
  await using trial = await tryCommits();
  const calls = Array.from({ length: 100_000 }, () => trial.queue.commit([good("a")]));
  await assert.rejects(trial.queue.commit([good("b")]), {
    code: "overloaded",
    message: /100000 writes are waiting/,
  });
  assert.equal((await Promise.all(calls)).length, 100_000);
  assert.deepEqual(await trial.queue.commit([good("b")]), [true]);
});

Deno.test("a transaction takes no more calls than fit into four million characters", async () => {
  await using trial = await tryCommits();
  const text = "x".repeat(1_500_000);
  const ids = ["a", "b", "c", "d", "e"];
  await Promise.all(ids.map((id) => trial.queue.commit([{ ...good(id), text } as Operation])));
  const one = ["save_definition", "save_definition"];
  assert.deepEqual(trial.transactions, [one, one, ["save_definition"]]);
  assert.deepEqual(await trial.definitions(), ids);
});

Deno.test("a long text has a statement of its own, between the rows before and after it", async () => {
  await using trial = await tryCommits();
  const value = (key: string, text: string): Operation => {
    const own = { owner: "a", key, value: JSON.stringify(text), atMs: 0, expiresAtMs: 9 };
    return { kind: "save_cached_value", ...own };
  };
  const long = `\u{1F4C8} \0 ${"é".repeat(20_000)}`;
  const values = [value("x", "1"), value("y", "1"), value("x", long), value("x", "2")];
  assert.deepEqual(await trial.queue.commit(values), [true, true, true, true]);
  assert.deepEqual(trial.transactions, [Array(3).fill("save_cached_value")]);
  await trial.queue.commit([value("y", long)]);
  assert.deepEqual(await trial.cached(), { x: '"2"', y: JSON.stringify(long) });
});

Deno.test("a long text that the database cannot store is cleaned as a short one is", async () => {
  await using trial = await tryCommits();
  const bad = "a\0b\uD800c";
  for (const [definitionId, text] of [["long", bad.padEnd(20_000)], ["short", bad]] as const) {
    await trial.queue.commit([{ ...good(definitionId), text } as Operation]);
  }
  assert.deepEqual(await trial.texts(), ["a\uFFFDb\uFFFDc", "a\uFFFDb\uFFFDc"]);
});

Deno.test("every kind has one place in the order", () => {
  const names = kinds.map(({ kind }) => kind);
  assert.deepEqual(names.filter((name, place) => names.indexOf(name) !== place), []);
});

Deno.test("an unlisted kind is refused, and nothing of its call is written", async () => {
  await using temp = await openTempStore();
  const { database } = temp.store;
  const queue = new CommitQueue(database, kinds.filter(({ kind }) => kind !== "create_execution"));
  await assert.rejects(queue.commit([good("a"), execution("a")]), /unknown kind/);
  assert.deepEqual(await database.read("SELECT * FROM workflow_definitions"), []);
});
