/**
 * What the engine's rows cost when they are written bare: the same statements by the client alone,
 * with synchronous=FULL, as many to a commit as the engine has them.
 */

import { setImmediate as endOfTurn } from "node:timers/promises";
import { type Client, createClient } from "@libsql/client";
import { type ExecutionId, newExecutionId } from "../../core/ids.ts";
import type { Operation } from "../../core/store/operation.ts";
import { kinds } from "../../core/store/sqlite/kinds.ts";
import { openStore } from "../../core/store/sqlite/open.ts";
import type { SqliteStore } from "../../core/store/sqlite/store.ts";
import { migrationsFolder } from "../support/temp_store.ts";

/** The steps of the workflow that is measured. */
export const steps = ["validate", "fetch", "sanitize"];
/** What each of them gives. */
export const result = JSON.stringify({ symbols: ["AAPL", "MSFT", "GOOGL"], valid: true });

/** The project's own store, whose failure ends the benchmark. */
export function openBenchStore(url: string): Promise<SqliteStore> {
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
    let ending: Operation[] = [this.#claim(id)];
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

  /** Each kind once over its operations, as the commit queue does it. */
  async #commit(operations: readonly Operation[]): Promise<void> {
    const byKind = Map.groupBy(operations, ({ kind }) => kind);
    await endOfTurn();
    await this.#client.batch(
      [...byKind].map(([kind, rows]) => (
        { sql: sqlOf.get(kind) ?? "", args: [JSON.stringify(rows)] }
      )),
      "write",
    );
  }

  #definition(): Operation {
    const [definitionId, workflowName, text] = ["floor", "floor", "floor"];
    return { kind: "save_definition", definitionId, workflowName, text, atMs: Date.now() };
  }

  #create(executionId: ExecutionId): Operation {
    return {
      kind: "create_execution",
      executionId,
      workflowName: "floor",
      definitionId: "floor",
      inputParams: "{}",
      atMs: Date.now(),
    };
  }

  #claim(executionId: ExecutionId): Operation {
    const atMs = Date.now();
    const expiresAtMs = atMs + leaseMs;
    return { kind: "claim_execution", executionId, owner: this.#owner, atMs, expiresAtMs };
  }

  #begin(executionId: ExecutionId, index: number, item = -1): Operation {
    const key = { executionId, index, item, attempt: 1, owner: this.#owner };
    return { kind: "begin_step", ...key, name: steps[index] ?? "step", atMs: Date.now() };
  }

  #complete(executionId: ExecutionId, index: number, item = -1): Operation {
    const key = { executionId, index, item, attempt: 1, owner: this.#owner };
    const outcome = { status: "completed", atMs: Date.now(), result, error: null } as const;
    return { kind: "complete_step", ...key, ...outcome };
  }

  #finish(executionId: ExecutionId): Operation {
    const outcome = { status: "completed", atMs: Date.now(), result: null, error: null } as const;
    return { kind: "finish_execution", executionId, owner: this.#owner, ...outcome };
  }
}

const leaseMs = 30_000;
const sqlOf: ReadonlyMap<string, string> = new Map(kinds.map(({ kind, sql }) => [kind, sql]));
