/** Every kind of operation, in the order in which they run within a transaction. */

import type { OperationKind } from "../operation.ts";
import type { Kind } from "./kind.ts";
import { keepAgents, saveAgent } from "./operations/agents.ts";
import { keepRevision, quarantineBar, releaseBar, saveBars } from "./operations/bars.ts";
import { dropExpiredValues, evictCachedValues, saveCachedValue } from "./operations/cache.ts";
import {
  dropOldFindings,
  forgetEstimates,
  saveFinding,
  saveMarketEvent,
  saveQuote,
} from "./operations/market.ts";
import { noteAbsent, noteAsked, noteRestated, saveSeries } from "./operations/series.ts";

const ordered = [
  saveCachedValue,
  dropExpiredValues,
  evictCachedValues,
  saveQuote,
  saveSeries,
  keepRevision,
  saveBars,
  quarantineBar,
  releaseBar,
  forgetEstimates,
  saveMarketEvent,
  saveFinding,
  dropOldFindings,
  noteAsked,
  noteAbsent,
  noteRestated,
  saveAgent,
  keepAgents,
] as const;

/** What the list lacks, or nothing. */
type Missing = Exclude<OperationKind, (typeof ordered)[number]["kind"]>;

export const kinds: [Missing] extends [never] ? readonly Kind[] : Missing = ordered;
