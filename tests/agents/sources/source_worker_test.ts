/** Sources load and work where a host puts them: in a worker with what they asked for. */

import assert from "node:assert/strict";
import { startYahooReplay } from "../../support/yahoo_replay.ts";

const agents = new URL("../../../agents/", import.meta.url);

async function callInWorker(
  file: string,
  config: Readonly<Record<string, unknown>>,
  net: readonly string[],
): Promise<unknown> {
  const worker = new Worker(new URL("./source_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: { net: [...net], read: [agents.pathname] } },
  });
  const { port1, port2 } = new MessageChannel();
  try {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    port1.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage({ file: new URL(file, agents).href, config }, [port2]);
    return await promise;
  } finally {
    worker.terminate();
    port1.close();
  }
}

Deno.test("yahoo works in a worker that may reach its server and nothing else", async () => {
  await using replay = startYahooReplay();
  const { host } = new URL(replay.url);
  const answer = await callInWorker("sources/yahoo.ts", { base_url: replay.url }, [host]);
  assert.deepEqual(answer, { quotes: 1, bars: 10, granted: [] });
});

Deno.test("yahoo says source_down in a worker that may reach nothing", async () => {
  await using replay = startYahooReplay();
  const answer = await callInWorker("sources/yahoo.ts", { base_url: replay.url }, []);
  assert.match(JSON.stringify(answer), /finance\.yahoo\.com can't be reached/);
  assert.equal(replay.requests.length, 0);
});

Deno.test("simulated works in a worker without any grant", async () => {
  const answer = await callInWorker("sources/simulated.ts", {}, []) as Record<string, unknown>;
  assert.equal(answer["error"], undefined);
  assert.equal(answer["quotes"], 1);
  assert.deepEqual(answer["granted"], []);
});
