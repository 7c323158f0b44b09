/**
 * Keeps a daemon running: starts it as a process of its own, and again when it has died. Nothing of
 * the daemon is loaded here, so what ends the daemon (memory, an abort, a kill) does not end this.
 *
 * The daemon's standard input is a pipe from here. However this process ends, the pipe ends with
 * it, and the daemon stops: none is left behind. The daemon has a session of its own, so that a
 * terminal's Ctrl-C reaches it once, by way of this process, and not twice.
 */

import { messageOf } from "./errors.ts";
import { type Log, logLevels, type LogThreshold, openStandardLog } from "./log.ts";

/** An argument that makes the daemon stop when its standard input ends. */
export const endWithStdinFlag = "--end-with-stdin";

/** Exit codes of the daemon that mean something to its supervisor; any other is a death. */
export const exitCodes = { stopped: 0, misconfigured: 2, restart: 75 } as const;

const backoffMsMin = 200;
const backoffMsMax = 30_000;
/** A daemon that lived this long was well: what died before it counts no more. */
const healthyMs = 60_000;
const deathsMax = 10;
const deathsWithinMs = 5 * 60_000;
const failedCode = 1;

/** How a daemon ended, and after how long. */
export interface Exit {
  readonly code: number;
  readonly signal: string | null;
  readonly livedMs: number;
}

/** What a supervisor does next. */
export type RestartDecision =
  /** `deaths` is the history for the next decision. */
  | { readonly kind: "restart"; readonly afterMs: number; readonly deaths: readonly number[] }
  | { readonly kind: "stop"; readonly code: number };

/**
 * What follows the end of a daemon. Pure: `deaths` are the instants of the last ends, oldest first,
 * as the decision before gave them. A wish to be restarted is granted at once, but counted: a
 * daemon that does nothing but wish is given up too.
 */
export function decideRestart(
  { code, livedMs }: Exit,
  deaths: readonly number[],
  nowMs: number,
): RestartDecision {
  if (code === exitCodes.stopped || code === exitCodes.misconfigured) return { kind: "stop", code };
  const recent = [...livedMs >= healthyMs ? [] : deaths, nowMs].slice(-deathsMax - 1);
  const [oldestMs = nowMs] = recent;
  if (recent.length > deathsMax && nowMs - oldestMs <= deathsWithinMs) {
    return { kind: "stop", code: failedCode };
  }
  const backoffMs = Math.min(backoffMsMin * 2 ** (recent.length - 1), backoffMsMax);
  return { kind: "restart", afterMs: code === exitCodes.restart ? 0 : backoffMs, deaths: recent };
}

/** A daemon's process, as far as it matters here. */
export type Child = Pick<Deno.ChildProcess, "status" | "kill" | "stdin">;

export interface SupervisorOptions {
  /** Starts a daemon. */
  readonly launch: () => Child;
  readonly log: Log;
  /** A clock that never goes back, in milliseconds. */
  readonly now?: () => number;
  /** Resolves after `ms`, and as soon as `signal` is aborted. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Holds one daemon at a time; see {@link decideRestart} for when another follows. */
export class Supervisor {
  readonly #launch: () => Child;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly #stopping = new AbortController();
  #child: Child | undefined;
  #stopsAsked = 0;

  constructor({ launch, log, now, pause }: SupervisorOptions) {
    this.#launch = launch;
    this.#log = log;
    this.#now = now ?? (() => performance.now());
    this.#pause = pause ?? waitFor;
  }

  /** Keeps a daemon running until there is an end to it; gives the exit code. */
  async run(): Promise<number> {
    let deaths: readonly number[] = [];
    for (let starts = 1;; starts++) {
      const exit = await this.#liveOnce();
      if (this.#stopping.signal.aborted) return exit.code;
      const decision = decideRestart(exit, deaths, this.#now());
      this.#tell(exit, decision, starts);
      if (decision.kind === "stop") return decision.code;
      deaths = decision.deaths;
      await this.#pause(decision.afterMs, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return exitCodes.stopped;
    }
  }

  /** Passes on that this process was asked to stop. To ask a third time is to insist. */
  stop(signal: Deno.Signal): void {
    this.#stopsAsked++;
    this.#stopping.abort();
    if (this.#child) send(this.#child, this.#stopsAsked > 2 ? "SIGKILL" : signal);
  }

  async #liveOnce(): Promise<Exit> {
    const startedAtMs = this.#now();
    const child = this.#child = this.#tryLaunch();
    if (!child) return { code: failedCode, signal: null, livedMs: 0 };
    const { code, signal } = await child.status;
    this.#child = undefined;
    await child.stdin.close();
    return { code, signal, livedMs: this.#now() - startedAtMs };
  }

  /** What starts no process now (too little memory, perhaps) may do so later. */
  #tryLaunch(): Child | undefined {
    try {
      return this.#launch();
    } catch (thrown) {
      this.#log.error("cannot start a process for the daemon", { reason: messageOf(thrown) });
      return undefined;
    }
  }

  #tell({ code, signal, livedMs }: Exit, decision: RestartDecision, starts: number): void {
    const ended = signal ?? `code ${code}`;
    if (decision.kind === "restart") {
      const wished = code === exitCodes.restart;
      this.#log.warn(wished ? "the daemon asks for a restart" : "the daemon died; restarting it", {
        ended,
        lived_seconds: Math.round(livedMs / 1_000),
        after_ms: decision.afterMs,
        deaths: decision.deaths.length,
      });
    } else if (decision.code === failedCode) {
      this.#log.error("the daemon dies again and again; it is given up", {
        ended,
        deaths: deathsMax + 1,
        within_seconds: deathsWithinMs / 1_000,
      });
    } else if (decision.code === exitCodes.misconfigured && starts > 1) {
      // At the first start the daemon's own line says it all.
      this.#log.error("the daemon can't start as configured any more; it is given up");
    }
  }
}

/** Supervises the daemon whose program is `main`, a URL, until it ends; gives the exit code. */
export function superviseDaemon(main: string): Promise<number> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", main, endWithStdinFlag],
    env: { AC100_SUPERVISE: "0" },
    detached: true,
    stdin: "piped",
    stdout: "inherit",
    stderr: "inherit",
  });
  const log = openStandardLog(threshold(Deno.env.get("AC100_LOG")));
  const supervisor = new Supervisor({ launch: () => command.spawn(), log });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => supervisor.stop(signal));
  }
  return supervisor.run();
}

/** The daemon refuses a wrong one. */
function threshold(level: string | undefined): LogThreshold {
  return logLevels.find((known) => known === level) ?? "info";
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

function send(child: Child, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown; // it has ended by itself
  }
}
