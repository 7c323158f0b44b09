/** What the routes stand on: the parts of a running daemon that HTTP shows and steers. */

import type { Bus } from "../bus/bus.ts";
import type { Cache } from "../cache/cache.ts";
import type { Collections } from "../collections/collections.ts";
import type { Config } from "../config.ts";
import type { Definitions } from "../engine/definitions.ts";
import type { Engine } from "../engine/engine.ts";
import type { Steerer } from "../engine/steerer.ts";
import type { Hosts } from "../host/hosts.ts";
import type { Log } from "../log.ts";
import type { Market } from "../market/market.ts";
import type { Scheduler } from "../schedule/scheduler.ts";
import type { Ticker } from "../schedule/ticker.ts";
import type { Store } from "../store/store.ts";
import type { Catalog } from "../workflow/folder/catalog.ts";
import type { ParsedWorkflow } from "../workflow/definition.ts";
import type { Gate } from "./auth.ts";
import type { EventTally } from "./metrics/event_tally.ts";

export interface ControlPlane {
  readonly version: string;
  readonly config: Config;
  readonly startedAtMs: number;
  readonly gate: Gate;
  readonly hosts: Hosts;
  readonly catalog: Catalog;
  readonly engine: Engine;
  readonly steerer: Steerer;
  readonly definitions: Definitions;
  readonly scheduler: Scheduler<ParsedWorkflow>;
  readonly ticker: Ticker;
  readonly store: Store;
  readonly cache: Cache;
  readonly collections: Collections;
  readonly market: Market;
  readonly bus: Bus;
  readonly tally: EventTally;
  readonly log: Log;
  /** Aborted when the daemon begins to stop: open streams end. */
  readonly signal: AbortSignal;
  /** Where this daemon is reached, `http://127.0.0.1:8100`. */
  url(): string;
}
