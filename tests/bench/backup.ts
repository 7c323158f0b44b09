/**
 * What a backup of a large database costs: how long it takes, and what /health notices of it while
 * the daemon also runs executions. The floors are SQLite's own copy, without any check, a plain
 * copy of the file, and /health without a backup.
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import type { BackupView } from "../../core/http/backups_api.ts";
import { openStore } from "../../core/store/sqlite/open.ts";
import { fillBars } from "../support/bars_fill.ts";
import { type DaemonProcess, startDaemonProcess } from "../support/daemon_process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { migrationsFolder } from "../support/temp_store.ts";
import { median, quantile, type Report } from "./report.ts";

export const name = "backup";

/** Some 500 MB. */
const barsCount = 6_000_000;
const barsAtOnce = 500_000;
const rounds = 3;
const probeEveryMs = 2;
const quietProbes = 2_000;

/** Reports how long a backup takes, and the latency of /health beside it. */
export async function run(report: Report): Promise<void> {
  await using folder = await makeTempFolder();
  const data = join(folder.path, "data");
  const database = join(data, "100ac.db");
  await Deno.mkdir(data);
  await fill(pathToFileURL(database).href);
  await using daemon = await startDaemonProcess({ AC100_DATA_DIR: data });
  using _load = startLoad(daemon);
  const quiet = await probe(daemon, (probes) => probes >= quietProbes);
  const beside: number[] = [];
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedAtMs = performance.now();
    let isDone = false;
    const made = backUp(daemon).finally(() => isDone = true);
    beside.push(...await probe(daemon, () => isDone));
    const { path, bytes } = await made;
    tookMs.push(performance.now() - startedAtMs);
    if (round === 0) report.add({ case: "size", value: bytes / 1e6, unit: "MB" });
    await Deno.remove(path);
  }
  const copy = join(folder.path, "copy.db");
  const floors = {
    "VACUUM INTO": () => vacuumInto(database, copy),
    "a copy of the file": () => Deno.copyFile(database, copy),
  };
  for (const [of, act] of Object.entries(floors)) {
    const floor = await timeOf(act);
    report.add({ case: `a backup, to ${of}`, value: median(tookMs), unit: "ms", floor });
    await Deno.remove(copy);
  }
  for (const [shown, q] of [["p50", 0.5], ["p99", 0.99], ["max", 1]] as const) {
    report.add({
      case: `/health beside a backup, ${shown}`,
      value: quantile(beside, q),
      unit: "ms",
      floor: quantile(quiet, q),
    });
  }
}

async function fill(url: string): Promise<void> {
  const store = await openStore({
    url,
    migrationsFolder,
    onFatal: (error) => {
      throw error;
    },
  });
  for (let from = 0; from < barsCount; from += barsAtOnce) {
    await fillBars(store, from, from + barsAtOnce);
  }
  await store.close();
}

async function backUp(daemon: DaemonProcess): Promise<BackupView> {
  const response = await daemon.api("/system/backups", { method: "POST" });
  if (response.status !== 201) throw new Error(await response.text());
  return await response.json();
}

/** Executions one after the other, until it is disposed of. */
function startLoad(daemon: DaemonProcess): Disposable {
  let isOver = false;
  const load = async (): Promise<void> => {
    while (!isOver) {
      const started = await daemon.api("/workflows/simple_test/executions", { method: "POST" });
      const { execution_id: id } = await started.json();
      await (await daemon.api(`/executions/${id}/events`)).text();
    }
  };
  // When the daemon ends, so does the load.
  load().catch(() => undefined);
  return { [Symbol.dispose]: () => isOver = true };
}

/** Latencies of /health in milliseconds, until it is over. */
async function probe(
  daemon: DaemonProcess,
  isOver: (probes: number) => boolean,
): Promise<number[]> {
  const latencies: number[] = [];
  while (!isOver(latencies.length)) {
    const startedAtMs = performance.now();
    await (await fetch(`${daemon.url}/health`)).body?.cancel();
    latencies.push(performance.now() - startedAtMs);
    await new Promise((resolve) => setTimeout(resolve, probeEveryMs));
  }
  return latencies;
}

async function vacuumInto(database: string, copy: string): Promise<void> {
  const client = createClient({ url: pathToFileURL(database).href, concurrency: 1 });
  await client.execute({ sql: "VACUUM INTO ?", args: [copy] });
  client.close();
}

async function timeOf(act: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now();
  await act();
  return performance.now() - startedAtMs;
}
