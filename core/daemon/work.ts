/** The daemon's own activity: advancing executions and firing schedules. */

import type { Bus } from "../bus/bus.ts";
import type { Config } from "../config.ts";
import { Definitions } from "../engine/definitions.ts";
import { Engine } from "../engine/engine.ts";
import type { EngineEvent } from "../engine/events.ts";
import { Steerer } from "../engine/steerer.ts";
import { messageOf } from "../errors.ts";
import type { Hosts } from "../host/hosts.ts";
import type { Log } from "../log.ts";
import type { FiringEvent } from "../schedule/events.ts";
import { Scheduler } from "../schedule/scheduler.ts";
import { Ticker } from "../schedule/ticker.ts";
import { finalStatuses } from "../statuses.ts";
import type { Store } from "../store/store.ts";
import type { ParsedWorkflow } from "../workflow/definition.ts";
import { Catalog } from "../workflow/folder/catalog.ts";
import { fingerprint } from "../workflow/folder/fingerprint.ts";
import { daemonAddress } from "./agents.ts";
import type { Closers } from "./closers.ts";

export interface WorkOptions {
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly bus: Bus;
  readonly hosts: Hosts;
}

export interface Work {
  readonly catalog: Catalog;
  readonly definitions: Definitions;
  readonly engine: Engine;
  readonly steerer: Steerer;
  readonly scheduler: Scheduler<ParsedWorkflow>;
  readonly ticker: Ticker;
}

/** Connects the parts; nothing runs before {@link openWork}. */
export function makeWork({ config, log, store, bus, hosts }: WorkOptions): Work {
  const catalog = new Catalog(config.workflowsFolder, () => hosts.capabilities());
  const definitions = new Definitions(store);
  // The fact is already in the store, so losing the event changes nothing there.
  const publish = (event: EngineEvent | FiringEvent): void => {
    const { topic, ...body } = event;
    try {
      bus.publish(topic, JSON.stringify({ ...body, ...seeMore(event) }));
    } catch (thrown) {
      log.error("cannot publish an event", { topic, reason: messageOf(thrown) });
    }
  };
  const engine = new Engine({
    store,
    definitions,
    log,
    concurrentMax: config.concurrentMax,
    queueMax: config.queueMax,
    secrets: config.secrets,
    invoke: (address, input, invocation) =>
      hosts.invoke({ address, input, caller: daemonAddress, ...invocation }),
    publish,
  });
  const scheduler = new Scheduler({
    store,
    log,
    workflows: () => catalog.reread(),
    preparing: () => {
      const check = catalog.checker();
      return (workflow, start) => engine.prepare(check(workflow), start);
    },
    publish,
  });
  const ticker = new Ticker({
    scheduler,
    log,
    fingerprint: () => fingerprint(config.workflowsFolder),
  });
  const steerer = new Steerer({ store, definitions, engine, publish });
  return { catalog, definitions, engine, steerer, scheduler, ticker };
}

/** Resumes the executions of an earlier daemon, then starts the schedules. */
export async function openWork(
  { engine, scheduler, ticker }: Work,
  { config, bus }: WorkOptions,
  closers: Closers,
): Promise<void> {
  closers.add(() => engine.close(config.shutdownMs));
  await engine.open();
  closers.add(() => ticker.close());
  // A firing that waits for an execution to end starts at that end, not at the next tick.
  const ended = finalStatuses.map((status) =>
    bus.subscribe(`execution.${status}`, () => {
      if (scheduler.mayStartWaiting) void ticker.wake();
    })
  );
  closers.add(() => ended.forEach((stop) => stop()));
  await ticker.open();
}

/** For events that may become alerts: the command that shows more. */
function seeMore(event: EngineEvent | FiringEvent): { readonly see?: string } {
  switch (event.topic) {
    case "execution.failed":
    case "firing.late":
      return { see: `100ac execution show ${event.execution_id}` };
    case "firing.skipped":
      return { see: `100ac schedule explain ${event.schedule}` };
    default:
      return {};
  }
}
