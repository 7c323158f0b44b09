/** One version of an agent's file, with its status and counters. */

import type { Origin } from "../../shipped.ts";
import type { AgentStatus } from "../../statuses.ts";
import type { Grants, Manifest } from "../manifest/manifest.ts";
import type { Settled } from "../settings/settle.ts";

/** The fixed facts of a version. */
export interface AgentVersion {
  /** The manifest's id; the file's name if it has no readable manifest. */
  readonly id: string;
  readonly file: string;
  /** The file it is loaded from: in the agents folder, or a kept copy. */
  readonly path: string;
  /** The hash of the file and its imports. */
  readonly hash: string;
  /** When the newest of these files was written, in UTC milliseconds. */
  readonly writtenAtMs: number;
  /** Whose code it is; the user's, unless it is known to be the release's. */
  readonly origin?: Origin;
  readonly manifest?: Manifest;
  /** Its configuration and grants in force. */
  readonly settled?: Settled;
}

/** The allowed transitions. */
const nextOf: Readonly<Record<AgentStatus, readonly AgentStatus[]>> = {
  idle: ["busy", "failed", "refused", "stopped"],
  busy: ["idle", "failed", "refused", "stopped"],
  failed: ["failed", "refused", "stopped"],
  refused: ["failed", "refused", "stopped"],
  stopped: ["idle", "busy", "stopped"],
};

/**
 * A version's status changes only by these methods, and all of them set it in one place:
 *
 * | from                        | by           | to                                           |
 * |-----------------------------|--------------|----------------------------------------------|
 * | idle                        | begin        | busy                                         |
 * | busy                        | end          | idle, when no other request is open          |
 * | idle, busy, failed, refused | fail, refuse | failed, refused: the last reason counts      |
 * | any                         | stop         | stopped                                      |
 * | stopped                     | serveFrom    | idle, or busy while old requests are open    |
 *
 * - idle: it serves; its host starts on the first request, or at once if it subscribes to events.
 * - busy: it serves, and requests to it are open.
 * - failed: it cannot be loaded (no manifest, a taken id, an import that throws), or its hosts were
 *   lost repeatedly.
 * - refused: it asks for something the daemon cannot give: a permission, a secret, a host.
 * - stopped: its file is gone, or another version serves instead. If the newer version does not
 *   load, this one serves again, from a copy.
 *
 * A version starts as idle, failed or refused. A failed or refused version stays so; an edited file
 * or a reload creates a new version.
 */
export class AgentEntry {
  readonly id: string;
  readonly file: string;
  readonly hash: string;
  readonly writtenAtMs: number;
  readonly origin: Origin;
  readonly manifest: Manifest | undefined;
  settled: Settled | undefined;
  /** Requests that were answered or failed. */
  messages = 0;
  errors = 0;
  lastError: string | undefined;
  /** Whether a host has loaded this version. */
  isProven = false;
  /** Whether it blocked a shared host and therefore runs in a process of its own. */
  isApart = false;
  #path: string;
  #status: AgentStatus = "idle";
  #reason: string | undefined;
  #openCount = 0;

  constructor(version: AgentVersion) {
    const { id, file, path, hash, writtenAtMs, origin = "yours", manifest, settled } = version;
    this.id = id;
    this.file = file;
    this.hash = hash;
    this.writtenAtMs = writtenAtMs;
    this.origin = origin;
    this.manifest = manifest;
    this.settled = settled;
    this.#path = path;
  }

  get grants(): Grants {
    return this.settled?.grants ?? {};
  }

  get status(): AgentStatus {
    return this.#status;
  }

  /** Why it is failed or refused, or why its newest version does not serve. */
  get reason(): string | undefined {
    return this.#reason;
  }

  get path(): string {
    return this.#path;
  }

  /** Requests being answered now. */
  get openCount(): number {
    return this.#openCount;
  }

  /** Whether it accepts requests. */
  get isServing(): boolean {
    return this.#status === "idle" || this.#status === "busy";
  }

  /** Whether it serves and subscribes to events. */
  get isListening(): boolean {
    return this.isServing && (this.manifest?.subscriptions ?? []).length > 0;
  }

  /** Counts a request as open. */
  begin(): void {
    this.#openCount++;
    if (this.#status === "idle") this.#become("busy");
  }

  /** Counts a request as done, whether it was answered or failed. */
  end(): void {
    this.#openCount--;
    this.messages++;
    if (this.#status === "busy" && this.#openCount === 0) this.#become("idle");
  }

  /** Marks it as failed for a reason of its own. */
  fail(reason: string): void {
    this.#become("failed", reason);
  }

  /** Marks it as refused: the daemon cannot give what it asks for. */
  refuse(reason: string): void {
    this.#become("refused", reason);
  }

  /**
   * Takes it out of service, because another version or none serves. Open requests still finish.
   */
  stop(): void {
    this.#become("stopped", this.#reason);
  }

  /** Serves from a copy at `path`, because its newer version is broken. */
  serveFrom(path: string, reason: string): void {
    this.#path = path;
    if (this.isServing) this.#reason = reason;
    else this.#become(this.#openCount > 0 ? "busy" : "idle", reason);
  }

  noteError(message: string): void {
    this.errors++;
    this.lastError = message;
  }

  /** Takes over the counters of an earlier version. */
  countOnFrom({ messages, errors, lastError }: AgentEntry): void {
    Object.assign(this, { messages, errors, lastError });
  }

  #become(next: AgentStatus, reason = this.#reason): void {
    if (!nextOf[this.#status].includes(next)) {
      throw new Error(`Cannot make agent "${this.id}" ${next}: it is ${this.#status}`);
    }
    this.#status = next;
    this.#reason = reason;
  }
}
