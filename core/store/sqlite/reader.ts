/**
 * Reads that take long, on a thread of their own: the daemon's thread routes messages meanwhile.
 * The thread has a connection of its own to the same file; WAL lets it read while others write.
 * It is started by the first read, and ends when nothing has been read for a while.
 *
 * A database elsewhere holds up nobody here: it is read over the store's own connection.
 */

import { AppError } from "../../errors.ts";
import { isServer } from "../address.ts";
import type { Database } from "./database.ts";
import type { Argument, ReadRow } from "./reading.ts";

/** Read at once or waiting; more are refused with `overloaded`. */
const openReadsMax = 100;
const idleMsMax = 60_000;

/** A read, as it goes to the thread, and what comes back of it. */
export interface ReadRequest {
  readonly id: number;
  readonly sql: string;
  readonly args: readonly Argument[];
}
export type ReadReply =
  | { readonly id: number; readonly rows: readonly ReadRow[] }
  | { readonly id: number; readonly problem: string };

export interface ReaderOptions {
  readonly url: string;
  readonly database: Database;
  /** The longest a read takes before it is given up. */
  readonly timeoutMs?: number;
}

interface OpenRead {
  readonly resolve: (rows: readonly ReadRow[]) => void;
  readonly reject: (error: AppError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class Reader {
  readonly #options: ReaderOptions;
  readonly #timeoutMs: number;
  readonly #open = new Map<number, OpenRead>();
  #worker: Worker | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #nextId = 1;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
  }

  /** @throws {AppError} `store_unavailable`, also when it takes too long; `overloaded`. */
  read(sql: string, args: readonly Argument[] = []): Promise<readonly ReadRow[]> {
    const { url, database } = this.#options;
    if (isServer(url)) return database.read(sql, args);
    if (this.#open.size >= openReadsMax) {
      return Promise.reject(
        new AppError("overloaded", `Cannot read: ${openReadsMax} reads are open; try again later`),
      );
    }
    clearTimeout(this.#idle);
    const worker = this.#worker ??= this.#start();
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const timer = setTimeout(
        () => this.#give(`it took over ${this.#timeoutMs} ms`),
        this.#timeoutMs,
      );
      this.#open.set(id, { resolve, reject, timer });
      worker.postMessage({ id, sql, args } satisfies ReadRequest);
    });
  }

  /** Ends the thread; what is open fails. */
  close(): void {
    this.#give("the store was closed");
  }

  #start(): Worker {
    const { url } = this.#options;
    const worker = new Worker(new URL("./reader_worker.ts", import.meta.url), {
      type: "module",
      name: url,
    });
    worker.onmessage = ({ data }: MessageEvent<ReadReply>) => this.#take(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#give(`its thread ended: ${event.message}`);
    };
    return worker;
  }

  #take(reply: ReadReply): void {
    const read = this.#open.get(reply.id);
    if (!read) return;
    this.#open.delete(reply.id);
    clearTimeout(read.timer);
    if ("rows" in reply) read.resolve(reply.rows);
    else read.reject(cannotRead(reply.problem));
    if (this.#open.size > 0) return;
    this.#idle = setTimeout(() => this.#give("nothing was read"), idleMsMax);
    Deno.unrefTimer(this.#idle);
  }

  /** Gives the thread up, with what is open; the next read starts another one. */
  #give(reason: string): void {
    clearTimeout(this.#idle);
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const { reject, timer } of this.#open.values()) {
      clearTimeout(timer);
      reject(cannotRead(reason));
    }
    this.#open.clear();
  }
}

function cannotRead(reason: string): AppError {
  return new AppError("store_unavailable", `Cannot read the database: ${reason}`);
}
