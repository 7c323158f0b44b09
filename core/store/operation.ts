/** Everything that can be handed in to be committed. */

import type { AgentOperation } from "./operations/agents.ts";
import type { CacheOperation } from "./operations/cache.ts";

/** Plain data, told apart by `kind`: it can be cloned to another thread. */
export type Operation = AgentOperation | CacheOperation;

export type OperationKind = Operation["kind"];
