/** Whose code an agent is decides where it lives: only the release's runs beside the daemon. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { copyOfFolder } from "../../support/temp_folder.ts";
import { startTestDaemon } from "../../support/test_daemon.ts";

const agents = fileURLToPath(new URL("../../../agents", import.meta.url));
const mine = `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "mine",
  description: "d",
  capabilities: {
    pid: { description: "d", input: z.object({}), output: z.int(), run: () => Deno.pid },
  },
});
`;

Deno.test("by default shipped agents live in threads, edited ones and yours in processes", async () => {
  const helper = "_lib/statistics/volatility.ts";
  const text = await Deno.readTextFile(`${agents}/${helper}`);
  await using folder = await copyOfFolder(agents, {
    "mine.ts": mine,
    // One that only a helper of volatility_calculator makes different.
    [helper]: `${text}\n// edited\n`,
  });
  await using daemon = await startTestDaemon({
    AC100_AGENTS_DIR: folder.path,
    AC100_ISOLATION: "auto",
  });
  const placeOf = async (id: string): Promise<unknown> => {
    const { origin, isolation } = await (await daemon.api(`/agents/${id}`)).json();
    return [origin, isolation];
  };
  assert.deepEqual(await placeOf("market_data_fetcher"), ["shipped", "thread"]);
  assert.deepEqual(await placeOf("volatility_calculator"), ["edited", "process"]);
  assert.deepEqual(await placeOf("mine"), ["yours", "process"]);
  assert.notEqual(await daemon.ask("mine.pid", {}), Deno.pid);
  assert.equal((await daemon.run("simple_test")).status, "completed");
});

Deno.test("AC100_ISOLATION=worker means thread, and the log says what it is called now", async () => {
  await using daemon = await startTestDaemon({ AC100_ISOLATION: "worker" });
  assert.ok(daemon.log.some((line) => line.includes("is now called AC100_ISOLATION=thread")));
  const { isolation } = await (await daemon.api("/agents/test_agent")).json();
  assert.equal(isolation, "thread");
});
