/**
 * What the engine's rows cost when they are written bare: the same statements by the client alone,
 * with synchronous=FULL, as many to a commit as the engine has them.
 */

import { setImmediate as endOfTurn } from "node:timers/promises";
import { type Client, createClient } from "@libsql/client";
import { type ExecutionId, newExecutionId } from "../../core/ids.ts";
import { type Write, write } from "../../core/store/sqlite/commits.ts";
import {
  beginStep,
  claimExecution,
  completeStep,
  createExecution,
  finishExecution,
  leaseMs,
  saveDefinition,
} from "../../core/store/execution_verbs.ts";
import { openStore } from "../../core/store/sqlite/open.ts";
import type { Store } from "../../core/store/store.ts";
import { migrationsFolder } from "../support/temp_store.ts";

/** The steps of the workflow that is measured. */
export const steps = ["validate", "fetch", "sanitize"];
/** What each of them gives. */
export const result = JSON.stringify({ symbols: ["AAPL", "MSFT", "GOOGL"], valid: true });

/** The project's own store, whose failure ends the benchmark. */
export function openBenchStore(url: string): Promise<Store> {
  return openStore({
    url,
    migrationsFolder,
    onFatal: (error) => {
      throw error;
    },
  });
}

/**
 * The five turns of `concurrency` executions in lockstep, one transaction for each turn, by the
 * client alone. Between two the event loop gets its turn, as in any program that lives: the client
 * leaves its statements to be freed there.
 */
export class Floor {
  readonly latenciesMs: number[] = [];
  readonly #client: Client;
  readonly #concurrency: number;
  readonly #owner = "floor";

  private constructor(client: Client, concurrency: number) {
    this.#client = client;
    this.#concurrency = concurrency;
  }

  static async open(url: string, concurrency: number): Promise<Floor> {
    await (await openBenchStore(url)).close();
    const client = createClient({ url, concurrency: 1, intMode: "number" });
    await client.execute("PRAGMA synchronous = FULL");
    await client.execute("PRAGMA foreign_keys = ON");
    return new Floor(client, concurrency);
  }

  close(): void {
    this.#client.close();
  }

  async run(count: number): Promise<void> {
    for (let done = 0; done < count; done += this.#concurrency) {
      const startedAtMs = performance.now();
      const ids = Array.from({ length: this.#concurrency }, newExecutionId);
      await this.#commit([this.#definition(), ...ids.map((id) => this.#create(id))]);
      await this.#commit(ids.flatMap((id) => [this.#claim(id), this.#begin(id, 0)]));
      await this.#commit(ids.flatMap((id) => [this.#complete(id, 0), this.#begin(id, 1)]));
      await this.#commit(ids.flatMap((id) => [this.#complete(id, 1), this.#begin(id, 2)]));
      await this.#commit(ids.flatMap((id) => [this.#complete(id, 2), this.#finish(id)]));
      this.latenciesMs.push(performance.now() - startedAtMs);
    }
  }

  /** The same rows of executions one after the other, in a transaction each. */
  async runRowByRow(count: number): Promise<void> {
    await this.#commit([this.#definition()]);
    for (let done = 0; done < count; done++) {
      const id = newExecutionId();
      const rows = [
        this.#create(id),
        this.#claim(id),
        ...steps.flatMap((_, index) => [this.#begin(id, index), this.#complete(id, index)]),
        this.#finish(id),
      ];
      for (const row of rows) await this.#commit([row]);
    }
  }

  /**
   * One execution of `count` attempts: of steps one after the other, or of the items of one step;
   * as many at once as `concurrency`, one commit for what ends and what begins in its place.
   */
  async runOne(count: number, of: "steps" | "items"): Promise<void> {
    const id = newExecutionId();
    const place = (at: number): { readonly index: number; readonly item: number } =>
      of === "steps" ? { index: at, item: -1 } : { index: 0, item: at };
    await this.#commit([this.#definition(), this.#create(id)]);
    let ending: Write[] = [this.#claim(id)];
    for (let done = 0; done < count; done += this.#concurrency) {
      const size = Math.min(this.#concurrency, count - done);
      const places = Array.from({ length: size }, (_, at) => place(done + at));
      await this.#commit([
        ...ending,
        ...places.map(({ index, item }) => this.#begin(id, index, item)),
      ]);
      ending = places.map(({ index, item }) => this.#complete(id, index, item));
    }
    await this.#commit([...ending, this.#finish(id)]);
  }

  /** Each verb once over its rows, as the commit queue does it. */
  async #commit(writes: readonly Write[]): Promise<void> {
    const byVerb = new Map<string, { sql: string; rows: unknown[] }>();
    for (const { verb, row } of writes) {
      const entry = byVerb.get(verb.name) ?? { sql: verb.sql, rows: [] };
      entry.rows.push(row);
      byVerb.set(verb.name, entry);
    }
    await endOfTurn();
    await this.#client.batch(
      [...byVerb.values()].map(({ sql, rows }) => ({ sql, args: [JSON.stringify(rows)] })),
      "write",
    );
  }

  #definition(): Write {
    return write(saveDefinition, {
      definition_id: "floor",
      name: "floor",
      text: "floor",
      at: Date.now(),
    });
  }

  #create(execution_id: ExecutionId): Write {
    return write(createExecution, {
      execution_id,
      name: "floor",
      definition_id: "floor",
      input: "{}",
      at: Date.now(),
    });
  }

  #claim(execution_id: ExecutionId): Write {
    const at = Date.now();
    return write(claimExecution, { execution_id, owner: this.#owner, at, expires: at + leaseMs });
  }

  #begin(execution_id: ExecutionId, index: number, item = -1): Write {
    return write(beginStep, {
      execution_id,
      name: steps[index] ?? "step",
      index,
      item,
      attempt: 1,
      owner: this.#owner,
      at: Date.now(),
    });
  }

  #complete(execution_id: ExecutionId, index: number, item = -1): Write {
    return write(completeStep, {
      execution_id,
      index,
      item,
      attempt: 1,
      owner: this.#owner,
      status: "completed",
      at: Date.now(),
      result,
      result_ref: null,
      error_code: null,
      error_message: null,
    });
  }

  #finish(execution_id: ExecutionId): Write {
    return write(finishExecution, {
      execution_id,
      owner: this.#owner,
      status: "completed",
      at: Date.now(),
      result: null,
      error_code: null,
      error_message: null,
    });
  }
}
