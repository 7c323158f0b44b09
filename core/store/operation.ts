/** Everything that can be handed in to be committed. */

import type { AgentOperation } from "./operations/agents.ts";
import type { BarOperation } from "./operations/bars.ts";
import type { CacheOperation } from "./operations/cache.ts";
import type { MarketOperation } from "./operations/market.ts";

/** Plain data, told apart by `kind`: it can be cloned to another thread. */
export type Operation = AgentOperation | BarOperation | CacheOperation | MarketOperation;

export type OperationKind = Operation["kind"];
