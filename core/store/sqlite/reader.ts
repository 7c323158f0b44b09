/**
 * Runs slow reads on a separate thread, so that the daemon's thread keeps routing messages. The
 * thread has its own connection to the same file, and WAL lets it read during writes. The first
 * read starts the thread; it ends after a while without reads.
 *
 * A database on a server is read over the store's own connection, because its reads don't block
 * this process.
 */

import { AppError } from "../../errors.ts";
import { isServer } from "../address.ts";
import type { Database } from "./database.ts";
import type { Argument, ReadRow } from "./reading.ts";

/** Open reads, running or waiting; beyond this, reads are refused with `overloaded`. */
const openReadsMax = 100;
const idleMsMax = 60_000;

/** A read request to the thread, and its reply. */
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
  /** A read that takes longer fails. */
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

  /** @throws {AppError} `store_unavailable`, also after a timeout; `overloaded`. */
  read(sql: string, args: readonly Argument[] = []): Promise<readonly ReadRow[]> {
    const { url, database } = this.#options;
    if (isServer(url)) return database.read(sql, args);
    if (this.#open.size >= openReadsMax) {
      return Promise.reject(
        new AppError(
          "overloaded",
          `Cannot read the database: ${openReadsMax} reads are open; try again later`,
        ),
      );
    }
    clearTimeout(this.#idle);
    const worker = this.#worker ??= this.#start();
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const timer = setTimeout(
        () => this.#endThread(`it took over ${this.#timeoutMs} ms`),
        this.#timeoutMs,
      );
      this.#open.set(id, { resolve, reject, timer });
      worker.postMessage({ id, sql, args } satisfies ReadRequest);
    });
  }

  /** Ends the thread; open reads fail. */
  close(): void {
    this.#endThread("the store was closed");
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
      this.#endThread(`its thread ended: ${event.message}`);
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
    this.#idle = setTimeout(() => this.#endThread("nothing was read"), idleMsMax);
    Deno.unrefTimer(this.#idle);
  }

  /** Ends the thread and fails its open reads; the next read starts another thread. */
  #endThread(reason: string): void {
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
