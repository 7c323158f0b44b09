/** Every kind of operation, in the order in which they run within a transaction. */

import type { OperationKind } from "../operation.ts";
import type { Kind } from "./kind.ts";
import { keepAgents, saveAgent } from "./operations/agents.ts";
import { dropExpiredValues, evictCachedValues, saveCachedValue } from "./operations/cache.ts";

const ordered = [
  saveCachedValue,
  dropExpiredValues,
  evictCachedValues,
  saveAgent,
  keepAgents,
] as const;

/** What the list lacks, or nothing. */
type Missing = Exclude<OperationKind, (typeof ordered)[number]["kind"]>;

export const kinds: [Missing] extends [never] ? readonly Kind[] : Missing = ordered;
