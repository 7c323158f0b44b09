/** All reads by name, with their parameters and answers. */

import type { AgentReads } from "./reads/agents.ts";
import type { BarReads } from "./reads/bars.ts";
import type { CacheReads } from "./reads/cache.ts";
import type { CollectionReads } from "./reads/collections.ts";
import type { ExecutionReads } from "./reads/executions.ts";
import type { MarketReads } from "./reads/market.ts";
import type { QueueReads } from "./reads/queue.ts";
import type { ScheduleReads } from "./reads/schedules.ts";
import type { StatisticsReads } from "./reads/statistics.ts";
import type { StepViewReads } from "./reads/step_views.ts";

/** Each read as a function of its parameters. Both sides are plain data and can be cloned. */
export interface Reads
  extends
    AgentReads,
    BarReads,
    CacheReads,
    CollectionReads,
    ExecutionReads,
    MarketReads,
    QueueReads,
    ScheduleReads,
    StatisticsReads,
    StepViewReads {
  /** Checks that the store answers. */
  ping(): true;
}

export type ReadName = keyof Reads;

/** The parameters of a read, besides its name. */
export type Ask<N extends ReadName> = Parameters<Reads[N]> extends [infer Given] ? Given : unknown;

export type Answer<N extends ReadName> = ReturnType<Reads[N]>;

/** A read as plain data: `{ read: "cached_value", owner, key, atMs }`. */
export type Query<N extends ReadName> = { readonly read: N } & Ask<N>;
