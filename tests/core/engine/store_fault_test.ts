/**
 * A store that cannot be written for a while: a full disk, a read-only file. Nothing acknowledged
 * is lost, what cannot be stored is refused, and everything recovers without help.
 */

import assert from "node:assert/strict";
import type { SqliteStore } from "../../../core/store/sqlite/store.ts";
import { eventually } from "../../support/eventually.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { Gate, tryEngine, workflowOf } from "./engine_trial.ts";

/** Random bytes, which do not compress. */
const large = crypto.getRandomValues(new Uint8Array(60_000)).toHex();

interface Fault {
  readonly name: string;
  readonly words: RegExp;
  begin(store: SqliteStore): Promise<unknown>;
  end(store: SqliteStore): Promise<unknown>;
}

const faults: readonly Fault[] = [
  {
    name: "was full",
    words: /^Cannot use the database: SQLITE_FULL/,
    begin: async ({ database }) => {
      const [row] = await database.read("PRAGMA page_count");
      await database.read(`PRAGMA max_page_count = ${row?.page_count}`);
    },
    end: ({ database }) => database.read("PRAGMA max_page_count = 1000000"),
  },
  {
    name: "was read-only",
    words: /^Cannot use the database: SQLITE_READONLY/,
    begin: ({ database }) => database.read("PRAGMA query_only = ON"),
    end: ({ database }) => database.read("PRAGMA query_only = OFF"),
  },
];

for (const { name, words, begin, end } of faults) {
  Deno.test(`executions resume by themselves after the database ${name}`, async () => {
    await using temp = await openTempStore();
    const gate = new Gate();
    await using trial = await tryEngine(temp.store, {
      pollEveryMs: 20,
      agents: {
        "agent.one": () => 1,
        "agent.large": async (_, signal) => {
          await gate.pass(signal);
          return large;
        },
        "agent.last": () => 1,
      },
    });
    const workflow = workflowOf(["one", "large", "last"]);
    const ids = [await trial.start(workflow), await trial.start(workflow)];
    await eventually(() => gate.arrived === 2);
    await begin(temp.store);
    gate.open();
    await eventually(() => trial.log.filter((line) => line.includes("SQLITE_")).length >= 2);
    const refused = workflowOf([{ capability: "one", params: { large } }], "refused");
    await assert.rejects(trial.start(refused), { code: "store_unavailable", message: words });
    // The stored rows can still be read.
    for (const id of ids) {
      assert.equal((await temp.store.read({ read: "execution", id }))?.status, "running");
    }
    assert.equal(temp.fatal.length, 0, "no reason for the daemon to end");
    await end(temp.store);
    for (const id of ids) assert.equal((await trial.end(id)).status, "completed");
    const asked = trial.asked.filter((address) => address === "agent.one");
    assert.equal(asked.length, ids.length, "what had completed is not done again");
    assert.equal((await trial.run(refused)).status, "completed");
    const [row] = await temp.store.database.read("SELECT count(*) AS n FROM workflow_executions");
    assert.equal(row?.n, ids.length + 1);
  });
}

Deno.test("a store failure cancels an execution's open requests", async () => {
  await using temp = await openTempStore();
  const gate = new Gate();
  let open = 0;
  let openMax = 0;
  const wait = async (signal: AbortSignal): Promise<void> => {
    openMax = Math.max(openMax, ++open);
    try {
      await new Gate().pass(signal);
    } finally {
      open--;
    }
  };
  const trial = await tryEngine(temp.store, {
    pollEveryMs: 20,
    agents: {
      "agent.large": (_, signal) => gate.pass(signal).then(() => large),
      "agent.wait": (_, signal) => wait(signal),
    },
  });
  const id = await trial.start(
    workflowOf([{ capability: "large", needs: [] }, { capability: "wait", needs: [] }]),
  );
  await eventually(() => open === 1 && gate.arrived === 1);
  const [full] = faults;
  await full?.begin(temp.store);
  gate.open();
  await eventually(() => open === 0);
  await full?.end(temp.store);
  await eventually(async () => (await trial.steps(id)).includes("large/2 completed"));
  await eventually(() => open === 1);
  assert.equal(openMax, 1);
  assert.deepEqual(await trial.steps(id), [
    "large/1 cancelled",
    "large/2 completed",
    "wait/1 cancelled",
    "wait/2 running",
  ]);
  await trial.engine.close(0);
});
