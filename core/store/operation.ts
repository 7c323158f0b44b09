/** The union of all operations that can be committed. */

import type { AgentOperation } from "./operations/agents.ts";
import type { BarOperation } from "./operations/bars.ts";
import type { CacheOperation } from "./operations/cache.ts";
import type { CollectionOperation } from "./operations/collections.ts";
import type { ExecutionOperation } from "./operations/executions.ts";
import type { MarketOperation } from "./operations/market.ts";
import type { ScheduleOperation } from "./operations/schedules.ts";
import type { SteeringOperation } from "./operations/steering.ts";
import type { StepOperation } from "./operations/steps.ts";

/** Plain data, distinguished by `kind`, so it can be cloned to another thread. */
export type Operation =
  | AgentOperation
  | BarOperation
  | CacheOperation
  | CollectionOperation
  | ExecutionOperation
  | MarketOperation
  | ScheduleOperation
  | SteeringOperation
  | StepOperation;
