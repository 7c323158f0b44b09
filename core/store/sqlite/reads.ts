/** All reads by name. */

import type { ReadName } from "../query.ts";
import { agentReads } from "./reads/agents.ts";
import { barReads } from "./reads/bars.ts";
import { cacheReads } from "./reads/cache.ts";
import { collectionReads } from "./reads/collections.ts";
import { executionReads } from "./reads/executions.ts";
import { marketReads } from "./reads/market.ts";
import { queueReads } from "./reads/queue.ts";
import { scheduleReads } from "./reads/schedules.ts";
import { statisticsReads } from "./reads/statistics.ts";
import { stepViewReads } from "./reads/step_views.ts";
import type { SqlReads } from "./sql_reads.ts";

export const reads: SqlReads<ReadName> = {
  ...agentReads,
  ...barReads,
  ...cacheReads,
  ...collectionReads,
  ...executionReads,
  ...marketReads,
  ...queueReads,
  ...scheduleReads,
  ...statisticsReads,
  ...stepViewReads,
  ping: async ({ quick }) => {
    await quick("SELECT 1");
    return true;
  },
};
