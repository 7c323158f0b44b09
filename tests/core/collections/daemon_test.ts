/** Collections of an agent in a real daemon, in a thread and in a process. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { AgentView, CollectionView } from "../../../core/http/agents_api.ts";
import { eventually } from "../../support/eventually.ts";
import { copyOfFolder } from "../../support/temp_folder.ts";
import { startTestDaemon, type TestDaemon } from "../../support/test_daemon.ts";
import { failure } from "./failure.ts";

const keepers = fileURLToPath(new URL("../../support/keepers", import.meta.url));
const chain = (strike: number, iv: number) => ({ symbol: "AAPL", strike, iv });
const dayMs = 86_400_000;

async function collectionsOf({ api }: TestDaemon): Promise<readonly CollectionView[]> {
  const view = await (await api("/agents/keeper")).json() as AgentView;
  return view.collections;
}

async function askAt(
  { daemon }: TestDaemon,
  address: string,
  input: unknown,
  asOfMs: number,
): Promise<unknown> {
  const { signal } = new AbortController();
  const asked = { address, input: JSON.stringify(input), caller: "daemon", timeoutMs: 20_000 };
  return JSON.parse(await daemon.plane.hosts.invoke({ ...asked, asOfMs, signal }));
}

for (const isolation of ["thread", "process"]) {
  Deno.test(`an agent in a ${isolation} stores values and serves them to others`, async (t) => {
    await using folder = await copyOfFolder(keepers);
    const environment = { AC100_AGENTS_DIR: folder.path, AC100_ISOLATION: isolation };
    await using daemon = await startTestDaemon(environment);
    const { ask } = daemon;
    const look = () => ask("keeper.look", { symbol: "AAPL" });

    await t.step("a batch is stored whole or not at all", async () => {
      await ask("keeper.keep", { chains: [chain(100, 0.3), chain(110, 0.4)] });
      await assert.rejects(
        ask("keeper.keep", { chains: [chain(1, 0.3), chain("\n" as never, 0.4)] }),
      );
      assert.deepEqual(await look(), { ivs: { 100: 0.3, 110: 0.4 }, misfits: 0 });
    });

    await t.step("no other agent can read them through the daemon", async () => {
      const refused = failure("unknown_collection", /agent "stranger" does not declare it/);
      await assert.rejects(ask("stranger.pry", {}), refused);
      await assert.rejects(
        ask("stranger.pry", { agent: "keeper" }),
        failure("invalid_input", /collections\.list.*"agent"/),
      );
      assert.deepEqual(await ask("stranger.ask", { symbol: "AAPL" }), await look());
    });

    await t.step("as of an instant, earlier values are read and nothing is written", async () => {
      const publicAtMs = Date.now() - 2 * dayMs;
      await ask("keeper.keep", { chains: [chain(90, 0.1)], public_at: publicAtMs });
      const asked = { symbol: "AAPL" };
      const then = await askAt(daemon, "keeper.look", asked, publicAtMs);
      assert.deepEqual(then, { ivs: { 90: 0.1 }, misfits: 0 });
      const before = await askAt(daemon, "stranger.ask", asked, publicAtMs - 1);
      assert.deepEqual(before, { ivs: {}, misfits: 0 });
      await assert.rejects(
        askAt(daemon, "keeper.keep", { chains: [chain(90, 0.2)] }, publicAtMs),
        failure("as_of_refused", /^Cannot invoke "collections\.put" as of/),
      );
    });

    await t.step("their use is shown by agent and in the metrics", async () => {
      const [view] = await collectionsOf(daemon);
      assert.deepEqual({ ...view, bytes: 0 }, {
        name: "chains",
        key: ["symbol", "strike"],
        history: true,
        retain_days: null,
        declared: true,
        values: 3,
        bytes: 0,
        misfits: 0,
        checked: true,
      });
      const { url, token } = daemon.daemon;
      const headers = { authorization: `Bearer ${token}` };
      const metrics = await (await fetch(`${url}/metrics`, { headers })).text();
      assert.match(metrics, /^ac100_collection_values\{agent="keeper"\} 3$/m);
      assert.match(
        metrics,
        new RegExp(`^ac100_collection_bytes\\{agent="keeper"\\} ${view?.bytes}$`, "m"),
      );
    });

    await t.step("a bound in agents.yaml applies without a restart and is named", async () => {
      const collections = "collections: { values_max: 4 }";
      await folder.write("agents.yaml", `keeper: { file: keeper.ts, ${collections} }`);
      const full = failure("collection_full", /raise collections\.values_max of "keeper"/);
      const bound = () =>
        daemon.daemon.plane.hosts.entry("keeper")?.settled?.collections.values_max;
      await eventually(() => bound() === 4);
      const two = { chains: [chain(120, 0.5), chain(130, 0.5)] };
      await assert.rejects(ask("keeper.keep", two), full);
      await ask("keeper.keep", { chains: [chain(120, 0.5)] });
      await folder.write("agents.yaml", "");
      await eventually(() => bound() === undefined);
      await ask("keeper.keep", { chains: [chain(130, 0.5)] });
    });

    await t.step("a new version of the agent reads them, and lists misfits", async () => {
      const text = await Deno.readTextFile(`${folder.path}/keeper.ts`);
      await folder.write("keeper.ts", text.replace("iv: z.number()", "iv: z.number().min(0.2)"));
      await eventually(async () => {
        const { misfits } = await look() as { misfits: number };
        return misfits === 1;
      });
      assert.equal((await collectionsOf(daemon))[0]?.checked, false);
      await daemon.daemon.plane.collections.tend();
      const [view] = await collectionsOf(daemon);
      assert.deepEqual([view?.misfits, view?.checked, view?.values], [1, true, 5]);
      assert.deepEqual(await ask("keeper.forget", { symbol: "AAPL", strike: 90 }), {
        deleted: true,
      });
      assert.equal((await collectionsOf(daemon))[0]?.misfits, 0);
    });

    await t.step("values with a different key are kept and reported as orphaned", async () => {
      const text = await Deno.readTextFile(`${folder.path}/keeper.ts`);
      const key = `key: ["symbol", "strike"]`;
      await folder.write("keeper.ts", text.replace(key, `key: ["symbol"]`));
      await eventually(async () => (await collectionsOf(daemon)).length === 2);
      const shown = (await collectionsOf(daemon)).map(({ key, declared, values }) =>
        [key.join(), declared, values] as const
      );
      assert.deepEqual(shown, [["symbol", true, 0], ["symbol,strike", false, 6]]);
    });
  });
}
