/**
 * One host: a worker thread with the permissions of its agents. Starting gives the agents that
 * failed to load; a host that stops answering beats is lost, which its owner is told once.
 */

import { stripVTControlCharacters } from "node:util";
import { AppError, messageOf } from "../errors.ts";
import type { AgentToLoad, FailedAgent, HostCommand, HostReport } from "./control.ts";
import type { Grants } from "./manifest.ts";

const beatEveryMsMax = 1_000;
const startMsMaxDefault = 15_000;

export interface HostOptions {
  readonly address: string;
  readonly channel: string;
  readonly daemon: string;
  readonly grants: Grants;
  readonly agents: readonly AgentToLoad[];
  /** Folders every host may read: agents and node_modules. */
  readonly readable: readonly string[];
  /** How long a host that has loaded its agents may be silent. */
  readonly watchdogMs: number;
  /** How long it may take to load its agents. */
  readonly startMsMax?: number;
  readonly onReport: (report: HostReport & { kind: "fault" | "log" }) => void;
  readonly onLost: (reason: AppError) => void;
}

export class WorkerHost {
  readonly address: string;
  /** Settles when the agents are loaded; rejects when the host did not come up. */
  readonly ready: Promise<readonly FailedAgent[]>;
  readonly #options: HostOptions;
  readonly #worker: Worker;
  #isReady = false;
  readonly #beatEveryMs: number;
  #beatsUnanswered = 0;
  #beats: ReturnType<typeof setInterval> | undefined;
  #ended = false;

  /** @throws {AppError} `agent_unavailable` when the daemon itself lacks a permission. */
  constructor(options: HostOptions) {
    this.address = options.address;
    this.#options = options;
    this.#beatEveryMs = Math.min(beatEveryMsMax, options.watchdogMs / 4);
    this.#worker = spawn(options);
    const { promise, resolve, reject } = Promise.withResolvers<readonly FailedAgent[]>();
    this.ready = promise;
    const { startMsMax = startMsMaxDefault } = options;
    const startTimer = setTimeout(
      () => this.#lose(`it did not load its agents within ${startMsMax / 1_000} s`),
      startMsMax,
    );
    const settleStart = (settle: () => void): void => {
      clearTimeout(startTimer);
      settle();
    };
    this.#onEnd = (error) => settleStart(() => reject(error));
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const [reason = ""] = stripVTControlCharacters(event.message).split("\n");
      this.#lose(`its thread ended: ${reason}`);
    };
    this.#worker.onmessage = ({ data }: MessageEvent<HostReport>) => {
      if (this.#ended) return;
      this.#beatsUnanswered = 0;
      if (data.kind === "ready") {
        this.#isReady = true;
        this.#beats ??= setInterval(() => this.#beat(), this.#beatEveryMs);
        settleStart(() => resolve(data.failed));
      } else if (data.kind !== "beat") options.onReport(data);
    };
    this.#command({
      kind: "open",
      channel: options.channel,
      address: options.address,
      daemon: options.daemon,
      agents: options.agents,
    });
    // A start that fails is told through `ready`; who does not wait for it must not be hurt.
    promise.catch(() => undefined);
  }

  readonly #onEnd: (error: AppError) => void;

  close(): void {
    this.#end(new AppError("host_gone", `Cannot use host "${this.address}": it was closed`));
  }

  /** Whether its agents are loaded. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Tells the host that another one has ended. */
  forget(address: string): void {
    this.#command({ kind: "gone", address });
  }

  /** Counts beats rather than time: a daemon that was suspended must not blame its hosts. */
  #beat(): void {
    const silentMs = this.#beatsUnanswered * this.#beatEveryMs;
    if (silentMs >= this.#options.watchdogMs) {
      this.#lose(`it has not answered for ${silentMs / 1_000} s`);
    } else {
      this.#beatsUnanswered++;
      this.#command({ kind: "beat" });
    }
  }

  #command(command: HostCommand): void {
    this.#worker.postMessage(command);
  }

  #lose(reason: string): void {
    if (this.#ended) return;
    const error = new AppError(
      "host_gone",
      `Cannot reach host "${this.address}": ${reason}; its agents start again on their next use`,
    );
    this.#end(error);
    this.#options.onLost(error);
  }

  #end(error: AppError): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#beats);
    this.#onEnd(error);
    this.#worker.terminate();
  }
}

function spawn({ address, grants, readable }: HostOptions): Worker {
  try {
    return new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      name: address,
      deno: {
        permissions: {
          net: listOrNone(grants.net),
          read: [...readable, ...(grants.read ?? [])],
          write: listOrNone(grants.write),
          env: listOrNone(grants.env),
          sys: listOrNone(grants.sys) as boolean,
          run: listOrNone(grants.run),
          ffi: false,
          import: false,
        },
      },
    });
  } catch (thrown) {
    throw new AppError(
      "agent_unavailable",
      `Cannot start a host with permissions ${JSON.stringify(grants)}: ${messageOf(thrown)}; ` +
        `the daemon can't grant what it does not have`,
      { cause: thrown },
    );
  }
}

function listOrNone(granted: readonly string[] | undefined): string[] | false {
  return granted && granted.length > 0 ? [...granted] : false;
}
