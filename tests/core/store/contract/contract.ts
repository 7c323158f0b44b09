/**
 * What every store must hold, whatever keeps it: each backend is run through the same tests with
 * `storeContract("on a file", openIt)`. They see nothing but the port.
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

/** A store of its own for one test, empty; gone with the test. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: Store;
  /** Closes it and opens it anew. */
  reopen(): Promise<Store>;
  /** From now on nothing large can be written, as on a full disk, until it is repaired. */
  breakWrites(): Promise<BrokenStore>;
}

export interface BrokenStore {
  /** How many transactions were tried since it broke. */
  tries(): number;
  repair(): Promise<void>;
}

/** What holds, as sentences, each with what shows it. */
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

/** Declares the tests of one backend; `open` makes it a store of its own for each. */
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

/** Clones all that goes in and comes out, as on the way to another thread and back. */
function cloning(store: Store): Store {
  return storeWith(store, {
    commit: async (operations) => structuredClone(await store.commit(structuredClone(operations))),
    read: async (query) => structuredClone(await store.read(structuredClone(query))),
  });
}
