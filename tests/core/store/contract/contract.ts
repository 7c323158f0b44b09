/**
 * What every store must guarantee. Each backend runs the same tests with `storeContract("on a
 * file", open)`. The tests use only the port.
 */

import type { Store } from "../../../../core/store/store.ts";
import { storeWith } from "../../../support/store_over.ts";
import { collectionContract } from "./collections.ts";
import { commitContract } from "./commits.ts";
import { executionContract } from "./executions.ts";
import { failureContract } from "./failures.ts";
import { historyContract } from "./history.ts";
import { keptContract } from "./kept.ts";
import { leaseContract } from "./leases.ts";
import { marketContract } from "./market.ts";
import { queueContract } from "./queue.ts";
import { resultContract } from "./results.ts";
import { scheduleContract } from "./schedules.ts";
import { statisticsContract } from "./statistics.ts";
import { steeringContract } from "./steering.ts";

/** An empty store for one test, deleted after it. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: Store;
  /** Closes and reopens the store. */
  reopen(): Promise<Store>;
  /** Makes large writes fail, as on a full disk, until it is repaired. */
  breakWrites(): Promise<BrokenStore>;
}

export interface BrokenStore {
  /** The number of transactions attempted since it broke. */
  tries(): number;
  repair(): Promise<void>;
}

/** The guarantees: each test by its name. */
export type Contract = Readonly<Record<string, (opened: OpenedStore) => Promise<void>>>;

const contracts: readonly Contract[] = [
  commitContract,
  failureContract,
  executionContract,
  resultContract,
  leaseContract,
  steeringContract,
  queueContract,
  historyContract,
  statisticsContract,
  scheduleContract,
  marketContract,
  keptContract,
  collectionContract,
];

/** Declares the tests of one backend; `open` makes a new store for each test. */
export function storeContract(name: string, open: () => Promise<OpenedStore>): void {
  for (const [sentence, show] of contracts.flatMap((contract) => Object.entries(contract))) {
    Deno.test(`${name}: ${sentence}`, async () => {
      await using opened = await open();
      await show({
        store: cloning(opened.store),
        reopen: async () => cloning(await opened.reopen()),
        breakWrites: () => opened.breakWrites(),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
    });
  }
}

/** Clones everything that goes in and out, as if the store were on another thread. */
function cloning(store: Store): Store {
  return storeWith(store, {
    commit: async (operations) => structuredClone(await store.commit(structuredClone(operations))),
    read: async (query) => structuredClone(await store.read(structuredClone(query))),
  });
}
