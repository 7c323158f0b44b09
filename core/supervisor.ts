/**
 * Keeps a daemon running: starts it as a child process and restarts it when it dies. Nothing of the
 * daemon is loaded here, so what ends the daemon (memory, an abort, a kill) does not end this.
 *
 * The daemon's standard input is a pipe from here. However this process ends, the pipe closes and
 * the daemon stops, so no daemon is left behind. The daemon runs in its own session, so that a
 * terminal's Ctrl-C reaches it once, through this process, and not twice.
 */

import { messageOf } from "./errors.ts";
import { type Log, logLevels, type LogThreshold, openStandardLog } from "./log.ts";

/** The argument that makes the daemon stop when its standard input ends. */
export const endWithStdinFlag = "--end-with-stdin";

/** Exit codes with a meaning for the supervisor; any other counts as a death. */
export const exitCodes = { stopped: 0, misconfigured: 2, restart: 75 } as const;

const backoffMsMin = 200;
const backoffMsMax = 30_000;
/** After a life this long, earlier deaths no longer count. */
const healthyMs = 60_000;
const deathsMax = 10;
const deathsWithinMs = 5 * 60_000;
const failedCode = 1;

/** How a daemon ended, and how long it lived. */
export interface Exit {
  readonly code: number;
  readonly signal: string | null;
  readonly livedMs: number;
}

/** What a supervisor does next. */
export type RestartDecision =
  /** `deaths` is the history to pass to the next call. */
  | { readonly kind: "restart"; readonly afterMs: number; readonly deaths: readonly number[] }
  | { readonly kind: "stop"; readonly code: number };

/**
 * Decides what follows the end of a daemon. Pure: `deaths` are the instants of recent ends, oldest
 * first, as the previous decision returned them. A requested restart happens at once but counts
 * too, so a daemon that does nothing but ask for restarts is also given up.
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

/** The parts of a daemon's process that the supervisor uses. */
export type Child = Pick<Deno.ChildProcess, "status" | "kill" | "stdin">;

export interface SupervisorOptions {
  /** Starts a daemon. */
  readonly launch: () => Child;
  readonly log: Log;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
  /** Resolves after `ms`, or as soon as `signal` is aborted. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Runs one daemon at a time; {@link decideRestart} decides whether another follows. */
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

  /** Restarts the daemon until it should stay down; returns the exit code. */
  async run(): Promise<number> {
    let deaths: readonly number[] = [];
    for (let starts = 1;; starts++) {
      const exit = await this.#liveOnce();
      if (this.#stopping.signal.aborted) return exit.code;
      const decision = decideRestart(exit, deaths, this.#now());
      this.#report(exit, decision, starts);
      if (decision.kind === "stop") return decision.code;
      deaths = decision.deaths;
      await this.#pause(decision.afterMs, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return exitCodes.stopped;
    }
  }

  /** Forwards a request to stop. The third request kills the daemon. */
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

  /**
   * A failed launch counts as a death, because a later one may succeed (with more free memory,
   * say).
   */
  #tryLaunch(): Child | undefined {
    try {
      return this.#launch();
    } catch (thrown) {
      this.#log.error("cannot start a process for the daemon", { reason: messageOf(thrown) });
      return undefined;
    }
  }

  #report({ code, signal, livedMs }: Exit, decision: RestartDecision, starts: number): void {
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
      this.#log.error("the daemon keeps dying; giving up", {
        ended,
        deaths: deathsMax + 1,
        within_seconds: deathsWithinMs / 1_000,
      });
    } else if (decision.code === exitCodes.misconfigured && starts > 1) {
      // On the first start, the daemon itself has already printed the reason.
      this.#log.error("the daemon can no longer start with its configuration; giving up");
    }
  }
}

/** Supervises the daemon whose program is `main`, a URL, until it ends; returns the exit code. */
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

/** The level for the supervisor's own log. The daemon refuses an invalid one. */
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
    if (!(thrown instanceof TypeError)) throw thrown; // the process has already ended
  }
}
