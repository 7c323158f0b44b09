/** A workflow that goes one way with good data and another with bad. */

import assert from "node:assert/strict";
import { sessionsBetween } from "100ac/calendar";
import type { ExecutionView } from "../../core/http/api.ts";
import { eventually } from "../support/eventually.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { startTestDaemon } from "../support/test_daemon.ts";

const page = await Deno.readTextFile(new URL("../../docs/market-data.md", import.meta.url));
/** The example of the page on market data. */
const [, workflow = ""] = /```yaml\n(name: checked_volatility\n[^]*?)```/.exec(page) ?? [];

/** The sessions of the last months that are over: nothing is missing since. */
const nowMs = Date.now();
const today = new Date(nowMs).toISOString().slice(0, 10);
const from = new Date(nowMs - 120 * 86_400_000).toISOString().slice(0, 10);
const dates = sessionsBetween("XNYS", from, today).filter(({ closeAtMs }) => closeAtMs < nowMs)
  .map(({ date }) => date);
const lineOf = (date: string, place: number): string =>
  `${date},100,${103 + place % 3},97,${100 + place % 5},5000`;

/** A folder of the source `csv` with a sound symbol and a bad one. */
async function writeMarket(folder: string): Promise<void> {
  const head = "date,open,high,low,close,volume";
  const good = [head, ...dates.map(lineOf)].join("\n");
  const bad = dates.flatMap((date, place) => {
    if (place % 5 === 1) return []; // a session without a bar
    if (place % 5 === 3) return [`${date},100,90,97,100,5000`]; // a high below the low
    return [lineOf(date, place)];
  });
  await Deno.writeTextFile(`${folder}/GOOD-1d.csv`, good);
  await Deno.writeTextFile(`${folder}/BAD-1d.csv`, [head, ...bad].join("\n"));
}

Deno.test("a workflow branches on the quality of what it loaded", async (t) => {
  await using folder = await makeTempFolder();
  await writeMarket(folder.path);
  await Deno.mkdir(`${folder.path}/workflows`);
  await Deno.writeTextFile(`${folder.path}/workflows/checked.yaml`, workflow);
  await using daemon = await startTestDaemon({
    AC100_MARKET_DATA: "csv",
    AC100_CSV_DIR: folder.path,
    AC100_WORKFLOWS_DIR: `${folder.path}/workflows`,
  });
  const cases = [
    ["GOOD", { volatility: "completed", report: "skipped" }],
    ["BAD", { volatility: "skipped", report: "completed" }],
  ] as const;
  for (const [symbol, wanted] of cases) {
    await t.step(symbol, async () => {
      const started = await daemon.api("/workflows/checked_volatility/executions", {
        method: "POST",
        body: JSON.stringify({ symbol }),
      });
      const { execution_id } = await started.json() as ExecutionView;
      const ended = await eventually(async () => {
        const view = await (await daemon.api(`/executions/${execution_id}`)).json();
        return (view as ExecutionView).completed_at !== null && view as ExecutionView;
      }, { withinMs: 20_000 });
      assert.equal(ended.status, "completed", ended.error?.message ?? "");
      const statuses = Object.fromEntries(
        (ended.steps ?? []).map(({ name, status }) => [name, status]),
      );
      assert.deepEqual({ volatility: statuses.volatility, report: statuses.report }, wanted);
      const score = Number(ended.outputs?.score);
      assert.ok(symbol === "GOOD" ? score === 1 : score > 0 && score < 0.9, `score ${score}`);
    });
  }
});
