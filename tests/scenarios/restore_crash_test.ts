/**
 * A restore that is killed before each of its calls of the file system, and at instants that chance
 * picks: the database is the old one, with what its journal holds, or the new one, and whole.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openStore } from "../../core/store/sqlite/open.ts";
import { createdIn } from "../core/store/execution_operations.ts";
import { seededRandom } from "../support/random.ts";
import { readRows } from "../support/read_rows.ts";
import { makeTempFolder, type TempFolder } from "../support/temp_folder.ts";
import { migrationsFolder } from "../support/temp_store.ts";

const script = fileURLToPath(new URL("../support/restore_process.ts", import.meta.url));
const atOnce = 4;
const callsMax = 200;
const chanceKills = 16;

/** The files of a killed daemon's database, and a backup; with the executions in them. */
interface World extends AsyncDisposable {
  readonly folder: TempFolder;
  readonly backup: string;
  readonly ids: { readonly old: readonly string[]; readonly new: readonly string[] };
}

async function makeWorld(): Promise<World> {
  const folder = await makeTempFolder();
  const path = join(folder.path, "first.db");
  const store = await openStore({
    url: pathToFileURL(path).href,
    migrationsFolder,
    onFatal: assert.fail,
  });
  const first = await createdIn(store);
  const { path: backup } = await store.backups.make();
  const late = await createdIn(store);
  for (const part of ["", "-wal"]) await Deno.copyFile(path + part, `${folder.path}/left${part}`);
  await store.close();
  assert.ok((await Deno.stat(`${folder.path}/left-wal`)).size > 0);
  const ids = { old: [first, late].sort(), new: [first] };
  return { folder, backup, ids, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

interface Ended {
  readonly killed: boolean;
  readonly is: "old" | "new";
  readonly tookMs: number;
}

/** One restore over a database of its own, killed before a call or after a time. */
async function restoreOnce(
  world: World,
  { killAt = 0, killAfterMs = Infinity }: {
    readonly killAt?: number;
    readonly killAfterMs?: number;
  },
): Promise<Ended> {
  await using folder = await makeTempFolder();
  const path = join(folder.path, "100ac.db");
  for (const part of ["", "-wal"]) {
    await Deno.copyFile(`${world.folder.path}/left${part}`, path + part);
  }
  const url = pathToFileURL(path).href;
  const startedAtMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "-A", script, url, world.backup, String(killAt)],
    stdin: "null",
    stdout: "null",
  }).spawn();
  const timer = killAfterMs === Infinity
    ? undefined
    : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  const { code, signal } = await child.status;
  const tookMs = performance.now() - startedAtMs;
  clearTimeout(timer);
  assert.ok(code === 0 || signal === "SIGKILL", `it ended with ${code}`);
  return { killed: signal === "SIGKILL", is: await which(world, url), tookMs };
}

/** Which database it is, as the next daemon finds it. */
async function which({ ids }: World, url: string): Promise<"old" | "new"> {
  const [check] = await readRows(url, "PRAGMA integrity_check");
  assert.equal(check?.["integrity_check"], "ok");
  const rows = await readRows(url, "SELECT execution_id FROM workflow_executions ORDER BY 1");
  const found = rows.map((row) => row["execution_id"]);
  if (found.length === ids.old.length) {
    assert.deepEqual(found, ids.old);
    return "old";
  }
  assert.deepEqual(found, ids.new);
  return "new";
}

Deno.test("a restore that is killed at any call leaves the old database or the new one", async () => {
  await using world = await makeWorld();
  const ends: Ended[] = [];
  for (let from = 1; ends.every(({ killed }) => killed) && from < callsMax; from += atOnce) {
    const calls = Array.from({ length: atOnce }, (_, index) => from + index);
    ends.push(...await Promise.all(calls.map((killAt) => restoreOnce(world, { killAt }))));
  }
  const shown = ends.map(({ is }) => is);
  const turn = shown.indexOf("new");
  assert.ok(turn > 20 && turn < shown.length - 1, `killed before and after: ${shown}`);
  assert.ok(shown.slice(turn).every((is) => is === "new"), "it is the new one from then on");
});

Deno.test("a restore that is killed at any instant leaves the old database or the new one", async () => {
  await using world = await makeWorld();
  const seed = Date.now() % 1_000_000;
  const random = seededRandom(seed);
  const { tookMs } = await restoreOnce(world, {});
  try {
    for (let killed = 0; killed < chanceKills; killed += atOnce) {
      // Its own work is the last part of the process's life.
      const killAfterMs = () => tookMs * (0.3 + 2 * random());
      await Promise.all(
        Array.from({ length: atOnce }, () => restoreOnce(world, { killAfterMs: killAfterMs() })),
      );
    }
  } catch (thrown) {
    throw new Error(`seed ${seed}`, { cause: thrown });
  }
});
