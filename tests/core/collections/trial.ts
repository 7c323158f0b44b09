/**
 * Collections as agents use them, without hosts: the SDK's side calls the daemon's side in JSON,
 * over a real store.
 */

import { z } from "zod";
import { boundsDefault, type CollectionBounds } from "../../../core/collections/bounds.ts";
import { Collections } from "../../../core/collections/collections.ts";
import { openCollections } from "../../../core/host/inside/collections.ts";
import { readManifest } from "../../../core/host/manifest/manifest.ts";
import { createLog } from "../../../core/log.ts";
import type {
  CollectionDefinitions,
  Collections as TypedCollections,
} from "../../../core/sdk/collections.ts";
import { openTempStore, type TempStore } from "../../support/temp_store.ts";

export const Chain = z.object({ symbol: z.string(), strike: z.number(), iv: z.number() });
/** What most tests store. */
export const chains = {
  chains: { key: ["symbol", "strike"], schema: Chain, history: true },
} as const;
/** The same without history. */
export const plain = { chains: { key: ["symbol", "strike"], schema: Chain } } as const;

export interface Trial extends AsyncDisposable {
  readonly temp: TempStore;
  readonly collections: Collections;
  nowMs: number;
  bounds: CollectionBounds;
  /** Lines of JSON. */
  readonly log: readonly string[];
  /** Replaces an agent by another version; returns its `ctx.collections`. */
  load<const Kept extends CollectionDefinitions>(
    kept: Kept,
    agent?: string,
    asOfMs?: number,
  ): TypedCollections<Kept>;
  /** Starts another daemon on the same store, with nothing in memory. */
  restart(): Promise<void>;
}

export async function tryCollections(): Promise<Trial> {
  const temp = await openTempStore();
  const declared = new Map<string, ReturnType<typeof readManifest>["collections"]>();
  const log: string[] = [];
  const open = async (): Promise<Collections> => {
    const collections = new Collections({
      store: temp.store,
      log: createLog({ threshold: "debug", pretty: false, write: (line) => void log.push(line) }),
      declarationsOf: (agent) => declared.get(agent) ?? [],
      boundsOf: () => trial.bounds,
      now: () => trial.nowMs,
    });
    await collections.open();
    return collections;
  };
  let collections: Collections;
  const trial: Trial = {
    temp,
    get collections() {
      return collections;
    },
    nowMs: Date.UTC(2026, 2, 1),
    bounds: boundsDefault,
    log,
    load: (kept, agent = "keeper", asOfMs = undefined) => {
      const definition = { id: agent, description: "Keeps", capabilities: {}, collections: kept };
      declared.set(agent, readManifest(definition, `${agent}.ts`).collections);
      const ask = (address: string, input: unknown) =>
        askOf(collections, agent, asOfMs)(address, input);
      return openCollections(kept, ask) as unknown as TypedCollections<typeof kept>;
    },
    restart: async () => {
      await collections.close();
      collections = await open();
    },
    [Symbol.asyncDispose]: async () => {
      await collections.close();
      await temp[Symbol.asyncDispose]();
    },
  };
  collections = await open();
  return trial;
}

/** Like the bus: converts to JSON and back, with the agent as caller. */
function askOf(collections: Collections, agent: string, asOfMs: number | undefined) {
  return async (address: string, input: unknown): Promise<unknown> => {
    const name = address.replace("collections.", "") as keyof Collections["capabilities"];
    const given: unknown = JSON.parse(JSON.stringify(input));
    if (asOfMs === undefined) {
      return JSON.parse(JSON.stringify(await collections.capabilities[name](given, agent)));
    }
    const past = collections.pastCapabilities[name as keyof Collections["pastCapabilities"]];
    return JSON.parse(JSON.stringify(await past(given, agent, asOfMs)));
  };
}
