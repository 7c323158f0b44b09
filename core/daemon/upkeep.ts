/** Removes expired data in small steps while the daemon runs. */

import type { Cache } from "../cache/cache.ts";
import type { Collections } from "../collections/collections.ts";
import type { Config } from "../config.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Market } from "../market/market.ts";
import { Retention } from "../store/retention.ts";
import type { Store } from "../store/store.ts";
import type { Closers } from "./closers.ts";

const sweepEveryMs = 60_000;
const dayMs = 86_400_000;

export interface UpkeepOptions {
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly cache: Cache;
  readonly collections: Collections;
  readonly market: Market;
  readonly scheduler: { forget(beforeMs: number): Promise<unknown> };
}

export function openUpkeep(
  { config, log, store, cache, collections, market, scheduler }: UpkeepOptions,
  closers: Closers,
): void {
  const { retentionDays: days } = config;
  const sweep = async (): Promise<void> => {
    try {
      const forget = days > 0 ? [scheduler.forget(Date.now() - days * dayMs)] : [];
      await Promise.all([cache.sweep(), collections.tend(), market.findings.sweep(), ...forget]);
    } catch (thrown) {
      log.error("cannot remove expired data", { reason: messageOf(thrown) });
    }
  };
  const timer = setInterval(sweep, sweepEveryMs);
  closers.add(() => clearInterval(timer));
  const retention = new Retention({ store, days, log });
  closers.add(() => retention.close());
  retention.open();
}
