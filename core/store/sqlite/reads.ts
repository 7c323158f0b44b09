/** Every read there is, by name. */

import type { ReadName } from "../query.ts";
import { agentReads } from "./reads/agents.ts";
import { barReads } from "./reads/bars.ts";
import { cacheReads } from "./reads/cache.ts";
import { marketReads } from "./reads/market.ts";
import type { SqlReads } from "./sql_reads.ts";

export const reads: SqlReads<ReadName> = {
  ...agentReads,
  ...barReads,
  ...cacheReads,
  ...marketReads,
};
