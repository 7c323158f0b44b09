/** All kinds of operations, in the order in which they run within a transaction. */

import type { Kind } from "./kind.ts";
import { keepAgents, saveAgent } from "./operations/agents.ts";
import { dropBars, keepBars, quarantineBar, releaseBar, saveBars } from "./operations/bars.ts";
import { dropExpiredValues, evictCachedValues, saveCachedValue } from "./operations/cache.ts";
import {
  addVersions,
  changeCollection,
  dropValues,
  dropVersions,
  keepValues,
  openCollection,
  putValues,
  turnMisfits,
} from "./operations/collections.ts";
import {
  claimExecution,
  createExecution,
  finishExecution,
  forgetExecution,
  parkExecution,
  releaseAllLeases,
  renewLease,
  saveDefinition,
} from "./operations/executions.ts";
import {
  dropMarketEvent,
  dropOldFindings,
  keepMarketEvent,
  saveFinding,
  saveMarketEvent,
  saveQuote,
} from "./operations/market.ts";
import {
  closeFiring,
  enterFiring,
  forgetFiring,
  pauseSchedule,
  saveSchedule,
  skipFiring,
} from "./operations/schedules.ts";
import { noteAbsent, noteAsked, saveSeries } from "./operations/series.ts";
import {
  cancelExecution,
  pauseExecution,
  resumeExecution,
  retryExecution,
  supersedeSteps,
} from "./operations/steering.ts";
import { beginStep, completeStep, savePayload, settleStep } from "./operations/steps.ts";
import type { SqliteOperation } from "./payloads.ts";

const ordered = [
  // A firing is entered before the execution that it starts, which then closes it.
  saveSchedule,
  pauseSchedule,
  enterFiring,
  skipFiring,
  saveDefinition,
  createExecution,
  closeFiring,
  // An execution is claimed, its attempts end and begin, then it is parked or finished.
  releaseAllLeases,
  claimExecution,
  savePayload,
  completeStep,
  beginStep,
  settleStep,
  parkExecution,
  finishExecution,
  // Steering comes after, so it acts on what the owner has left.
  pauseExecution,
  resumeExecution,
  cancelExecution,
  retryExecution,
  supersedeSteps,
  renewLease,

  saveCachedValue,
  dropExpiredValues,
  evictCachedValues,

  openCollection,
  // A change takes effect whole or not at all; old values are kept before they are replaced.
  changeCollection,
  keepValues,
  dropValues,
  putValues,
  addVersions,
  dropVersions,
  turnMisfits,

  saveQuote,
  saveSeries,
  // The old version of a bar or an event is kept before it is replaced or dropped.
  keepBars,
  dropBars,
  saveBars,
  quarantineBar,
  releaseBar,
  keepMarketEvent,
  dropMarketEvent,
  saveMarketEvent,
  saveFinding,
  dropOldFindings,
  noteAsked,
  noteAbsent,

  saveAgent,
  keepAgents,

  forgetExecution,
  forgetFiring,
] as const;

/** The kinds that the list lacks. */
type Missing = Exclude<SqliteOperation["kind"], (typeof ordered)[number]["kind"]>;

export const kinds: [Missing] extends [never] ? readonly Kind[] : Missing = ordered;
