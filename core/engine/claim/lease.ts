/**
 * The leases of one daemon. A lease is the right to advance an execution: every write of an
 * execution's progress names its owner and changes nothing once another daemon holds the lease.
 * Leases are renewed while their executions run, so only a daemon that has died loses them.
 */

import { AppError, messageOf } from "../../errors.ts";
import { type ExecutionId, newOpaqueId } from "../../ids.ts";
import type { Log } from "../../log.ts";
import type { ClaimExecution } from "../../store/operations/executions.ts";
import type { Store } from "../../store/store.ts";
import type { Steering } from "../steering.ts";

/** How long a lease lasts without renewal. */
const leaseMsDefault = 30_000;

export interface LeasesOptions {
  readonly store: Store;
  /** The executions advanced here. */
  readonly running: ReadonlyMap<ExecutionId, Steering>;
  readonly now: () => number;
  /** How long a lease lasts; it is renewed three times as often. */
  readonly leaseMs?: number;
  readonly log: Log;
}

export class Leases {
  /** Identifies this daemon in the rows it writes. */
  readonly owner = newOpaqueId();
  readonly #options: LeasesOptions;
  readonly #leaseMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #renewing: Promise<void> | undefined;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? leaseMsDefault;
  }

  /**
   * Frees the leases of a dead daemon, and renews its own from now on.
   * @throws {AppError} `store_unavailable`.
   */
  async open(): Promise<void> {
    const { store } = this.#options;
    // The lock on the database proves that the holder of these leases is dead.
    if (store.exclusive) await store.commit([{ kind: "release_all_leases" }]);
    this.#timer = setInterval(() => this.#renewing = this.#renew(), this.#leaseMs / 3);
  }

  /** The operation that takes the lease of an execution that nobody advances. */
  claim(executionId: ExecutionId): ClaimExecution {
    const atMs = this.#options.now();
    const expiresAtMs = atMs + this.#leaseMs;
    return { kind: "claim_execution", executionId, owner: this.owner, atMs, expiresAtMs };
  }

  /** Stops renewing. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
  }

  /** Renews the leases of running executions, and stops those that another daemon has claimed. */
  async #renew(): Promise<void> {
    const { store, running, now, log } = this.#options;
    if (running.size === 0) return;
    const expiresAtMs = now() + this.#leaseMs;
    const { owner } = this;
    const ids = [...running.keys()];
    try {
      const renewed = await store.commit(
        ids.map((executionId) => ({ kind: "renew_lease", executionId, owner, expiresAtMs })),
      );
      if (!renewed.includes(false)) return;
      for (const id of await store.read({ read: "lost_leases", ids, owner })) {
        running.get(id)?.stop(leaseLost(id));
      }
    } catch (thrown) {
      log.error("cannot renew leases", { reason: messageOf(thrown) });
    }
  }
}

/** The error of advancing an execution that has ended or belongs to another daemon. */
export function leaseLost(id: string): AppError {
  return new AppError(
    "lease_lost",
    `Cannot advance execution "${id}": it has ended, or another daemon advances it`,
  );
}

/** Whether an error is {@link leaseLost}. */
export function isLeaseLost(thrown: unknown): boolean {
  return thrown instanceof AppError && thrown.code === "lease_lost";
}
