/** Backups and restores of real daemons, by the command line and with kills. */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { BackupsAnswer, BackupView, RestoredView } from "../../core/http/backups_api.ts";
import type { ExecutionView } from "../../core/http/api.ts";
import { openStore } from "../../core/store/sqlite/open.ts";
import { createdIn } from "../core/store/execution_operations.ts";
import { fillBars } from "../support/bars_fill.ts";
import {
  type DaemonProcess,
  runDaemonProcess,
  startDaemonProcess,
  token,
} from "../support/daemon_process.ts";
import { eventually } from "../support/eventually.ts";
import { migrationsWith, newestSchema } from "../support/next_release.ts";
import { seededRandom } from "../support/random.ts";
import { readRows } from "../support/read_rows.ts";
import { mountSmallDisk, whyNoSmallDisk } from "../support/small_disk.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { migrationsFolder } from "../support/temp_store.ts";

const cli = fileURLToPath(new URL("../../cli.ts", import.meta.url));
const whyNoDisk = whyNoSmallDisk();
const ifDisk = whyNoDisk === undefined ? "" : ` (not here: ${whyNoDisk})`;
const kills = 5;

interface Outcome<Answer> {
  readonly code: number;
  readonly answer: Answer;
  readonly err: string;
}

/** Runs the CLI with `--json` for the daemon of a data folder. */
async function runCli<Answer>(
  data: string,
  args: readonly string[],
  url = "http://127.0.0.1:1",
): Promise<Outcome<Answer>> {
  const { PATH = "", HOME = "" } = Deno.env.toObject();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "-A", cli, ...args, "--json"],
    clearEnv: true,
    env: { PATH, HOME, AC100_DATA_DIR: data, AC100_URL: url, AC100_TOKEN: token },
  }).output();
  const out = new TextDecoder().decode(stdout);
  return {
    code,
    answer: code === 0 ? JSON.parse(out) : undefined,
    err: new TextDecoder().decode(stderr),
  };
}

async function runToEnd(daemon: DaemonProcess): Promise<string> {
  const started = await daemon.api("/workflows/simple_test/executions", { method: "POST" });
  const { execution_id: id } = await started.json() as ExecutionView;
  await (await daemon.api(`/executions/${id}/events`)).text();
  return id;
}

async function executionsOf(daemon: DaemonProcess): Promise<string[]> {
  const { executions } = await (await daemon.api("/executions")).json();
  return (executions as ExecutionView[]).map((execution) => execution.execution_id);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("a backup of a running daemon is restored once it is stopped", async () => {
  await using folder = await makeTempFolder();
  const data = join(folder.path, "data");
  const environment = { AC100_DATA_DIR: data };
  const outside = join(folder.path, "outside.db");
  let path = "";
  const ids: string[] = [];
  {
    await using daemon = await startDaemonProcess(environment);
    ids.push(await runToEnd(daemon));
    const made = await runCli<BackupView>(data, ["system", "backup", "one.db"], daemon.url);
    assert.deepEqual([made.code, made.answer.executions], [0, 1]);
    ({ path } = made.answer);
    ids.push(await runToEnd(daemon));
    // By the CLI itself, beside the daemon: what is in its journal, too.
    const own = await runCli<BackupView>(data, ["system", "backup", "--file", outside]);
    assert.deepEqual([own.code, own.answer.path, own.answer.executions], [0, outside, 2]);
    const listed = await runCli<BackupsAnswer>(data, ["system", "backups"], daemon.url);
    assert.deepEqual(listed.answer.backups.map(({ name }) => name), ["one.db"]);
    const refused = await runCli(data, ["system", "restore", path]);
    assert.equal(refused.code, 4);
    assert.match(refused.err, /a daemon or another restore uses it; stop the daemon, then restore/);
    assert.deepEqual((await executionsOf(daemon)).sort(), ids.toSorted());
    assert.equal(await daemon.end("SIGTERM"), 0);
  }
  const { code, answer } = await runCli<RestoredView>(data, ["system", "restore", path]);
  assert.deepEqual([code, answer.database], [0, join(data, "100ac.db")]);
  {
    await using daemon = await startDaemonProcess(environment);
    assert.deepEqual(await executionsOf(daemon), ids.slice(0, 1));
    await runToEnd(daemon);
    assert.equal(await daemon.end("SIGTERM"), 0);
  }
  await runCli(data, ["system", "restore", answer.kept ?? ""]);
  await using daemon = await startDaemonProcess(environment);
  assert.deepEqual((await executionsOf(daemon)).sort(), ids.toSorted());
});

Deno.test("the command line makes a backup of a stopped daemon, of nothing else, and overwrites none", async () => {
  await using folder = await makeTempFolder();
  const data = join(folder.path, "data");
  const target = join(folder.path, "target.db");
  const back = (file: string): Promise<Outcome<BackupView>> =>
    runCli(data, ["system", "backup", "--file", file]);
  const none = await back(target);
  assert.deepEqual([none.code, await namesIn(folder.path)], [4, []]);
  assert.match(none.err, /100ac\.db": it does not exist; set AC100_DATA_DIR/);
  {
    await using daemon = await startDaemonProcess({ AC100_DATA_DIR: data });
    await runToEnd(daemon);
    await daemon.end("SIGKILL");
  }
  assert.equal((await back(target)).answer.executions, 1);
  const again = await back(target);
  assert.deepEqual([again.code, /it exists; give another name/.test(again.err)], [4, true]);
  const nowhere = await back(join(folder.path, "none", "x.db"));
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.err, /x\.db": No such file or directory.*; name a folder that exists\n$/);
  assert.deepEqual(await namesIn(folder.path), ["data", "target.db"]);
});

/** A database of so many bars. */
async function makeLarge(data: string, bars: number): Promise<void> {
  await Deno.mkdir(data);
  const url = pathToFileURL(join(data, "100ac.db")).href;
  const store = await openStore({ url, migrationsFolder, onFatal: assert.fail });
  await fillBars(store, 0, bars);
  await store.close();
}

Deno.test("a daemon that is killed while it backs up leaves whole backups only", async () => {
  await using folder = await makeTempFolder();
  const data = join(folder.path, "data");
  const backups = join(data, "backups");
  await makeLarge(data, 300_000);
  const seed = Date.now() % 1_000_000;
  const random = seededRandom(seed);
  let tookMs = 0;
  for (let killed = 0; killed <= kills; killed++) {
    await using daemon = await startDaemonProcess({ AC100_DATA_DIR: data });
    const startedAtMs = performance.now();
    const made = daemon.api("/system/backups", { method: "POST" })
      .then((response) => response.text(), () => "the daemon was killed");
    if (killed > 0) await new Promise((resolve) => setTimeout(resolve, random() * tookMs));
    else await made;
    tookMs ||= performance.now() - startedAtMs;
    await daemon.end("SIGKILL");
    await made;
    for (const name of (await namesIn(backups)).filter((name) => !name.startsWith("."))) {
      const url = pathToFileURL(join(backups, name)).href;
      const [count] = await readRows(url, "SELECT count(*) AS bars FROM bars");
      assert.equal(count?.["bars"], 300_000, `seed ${seed}: ${name}`);
    }
  }
  await using daemon = await startDaemonProcess({ AC100_DATA_DIR: data });
  const last = await daemon.api("/system/backups", { method: "POST" });
  assert.equal(last.status, 201, await last.text());
  assert.deepEqual((await namesIn(backups)).filter((name) => name.startsWith(".")), []);
});

Deno.test("the process that copies ends with its daemon, and removes what it has begun", async () => {
  await using folder = await makeTempFolder();
  const data = join(folder.path, "data");
  const backups = join(data, "backups");
  await makeLarge(data, 600_000);
  await using daemon = await startDaemonProcess({ AC100_DATA_DIR: data });
  const made = daemon.api("/system/backups", { method: "POST" }).catch(() => undefined);
  await eventually(async () => {
    if (!(await namesIn(data)).includes("backups")) return false;
    const [temporary] = await namesIn(backups);
    return temporary !== undefined && (await Deno.stat(join(backups, temporary))).size > 0;
  });
  await daemon.end("SIGKILL");
  await made;
  await eventually(async () => (await namesIn(backups)).length === 0);
});

Deno.test("a daemon that is stopped while it backs up does not wait for it", async () => {
  await using folder = await makeTempFolder();
  const data = join(folder.path, "data");
  await makeLarge(data, 600_000);
  await using daemon = await startDaemonProcess({ AC100_DATA_DIR: data });
  const made = daemon.api("/system/backups", { method: "POST" });
  const backups = join(data, "backups");
  await eventually(async () => (await namesIn(data)).includes("backups"));
  await eventually(async () => (await namesIn(backups)).length > 0);
  const ended = daemon.end("SIGTERM");
  const { code, detail } = await (await made).json();
  assert.equal(code, "backup_failed");
  assert.match(detail, /the daemon stops/);
  assert.equal(await ended, 0);
  assert.deepEqual(await namesIn(backups), []);
});

/** A database of an earlier release, with an execution in it. */
async function makeOlder(data: string): Promise<string> {
  await Deno.mkdir(data);
  await using migrations = await migrationsWith(-1);
  const url = pathToFileURL(join(data, "100ac.db")).href;
  const store = await openStore({ url, migrationsFolder: migrations.path, onFatal: assert.fail });
  const id = await createdIn(store);
  await store.close();
  return id;
}

Deno.test({
  name: `a start that migrates backs up first, and changes nothing without room for it${ifDisk}`,
  ignore: whyNoDisk !== undefined,
  fn: async () => {
    using disk = mountSmallDisk(48);
    const data = join(disk.path, "data");
    const id = await makeOlder(data);
    const environment = { AC100_DATA_DIR: data };
    disk.fill();
    const { code, stderr } = await runDaemonProcess({ ...environment, AC100_SUPERVISE: "1" });
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^Cannot migrate the database to schema \d+, because it must be backed up/,
    );
    assert.match(stderr, /; free space there\n$/);
    disk.empty();
    await using daemon = await startDaemonProcess(environment);
    const { backups } = await (await daemon.api("/system/backups")).json() as BackupsAnswer;
    const [backup, ...others] = backups;
    assert.deepEqual([backup?.automatic, others], [true, []]);
    assert.match(backup?.name ?? "", new RegExp(`^before-${newestSchema}-`));
    const url = pathToFileURL(join(data, "backups", basename(backup?.name ?? ""))).href;
    const rows = await readRows(url, "SELECT execution_id FROM workflow_executions");
    assert.deepEqual(rows, [{ execution_id: id }]);
    assert.equal(await daemon.end("SIGTERM"), 0);
  },
});
