/** Two daemons on one server write to the same collection without losing each other's values. */

import assert from "node:assert/strict";
import { boundsDefault } from "../../../core/collections/bounds.ts";
import { Collections } from "../../../core/collections/collections.ts";
import { AppError } from "../../../core/errors.ts";
import { readManifest } from "../../../core/host/manifest/manifest.ts";
import { createLog } from "../../../core/log.ts";
import type { Store } from "../../../core/store/store.ts";
import { serveStores } from "../../support/served_store.ts";
import { plain } from "./trial.ts";

const declared = readManifest(
  { id: "keeper", description: "Keeps", capabilities: {}, collections: plain },
  "keeper.ts",
).collections;

async function openOver(store: Store): Promise<Collections> {
  const collections = new Collections({
    store,
    log: createLog({ threshold: "error", pretty: false, write: () => undefined }),
    declarationsOf: () => declared,
    boundsOf: () => boundsDefault,
  });
  await collections.open();
  return collections;
}

Deno.test("daemons that share a server increment one value without losing an update", async () => {
  await using served = await serveStores();
  const stores = [await served.open(), await served.open()];
  const daemons = await Promise.all(stores.map(openOver));
  const key = ["AAPL", 1];
  const countUp = async ({ capabilities: { get, put } }: Collections): Promise<void> => {
    for (let done = 0; done < 8;) {
      const { entry } = await get({ collection: "chains", key }, "keeper");
      const iv = entry ? (JSON.parse(entry.value) as { iv: number }).iv + 1 : 1;
      const value = { symbol: "AAPL", strike: 1, iv };
      const entries = [{ value, if_version: entry?.version ?? null }];
      try {
        await put({ collection: "chains", entries }, "keeper");
        done++;
      } catch (thrown) {
        if (!(thrown instanceof AppError) || thrown.code !== "version_conflict") throw thrown;
      }
    }
  };
  await Promise.all(daemons.map(countUp));
  const [one] = daemons;
  const { entry } = await one?.capabilities.get({ collection: "chains", key }, "keeper") ?? {};
  assert.equal((JSON.parse(entry?.value ?? "{}") as { iv?: number }).iv, 16);
  const entries = [{ value: { symbol: "MSFT", strike: 1, iv: 1 } }];
  await one?.capabilities.put({ collection: "chains", entries }, "keeper");
  for (const daemon of daemons) {
    await daemon.tend();
    assert.equal(daemon.usesOf("keeper")[0]?.values, 2, "the other daemon's value is counted");
    await daemon.close();
  }
  await Promise.all(stores.map((store) => store.close()));
});
