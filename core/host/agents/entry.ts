/** What the daemon knows of one version of an agent's file, and how that version fares. */

import type { AgentStatus } from "../../statuses.ts";
import type { Grants, Manifest } from "../manifest/manifest.ts";
import type { Settled } from "../settings/settle.ts";

/** What a version is, from when it is read. */
export interface AgentVersion {
  /** The manifest's id; the file's name for a file that gave none. */
  readonly id: string;
  readonly file: string;
  /** Where it is loaded from: the agents folder, or the copy of a version that is kept. */
  readonly path: string;
  /** The hash of its content. */
  readonly hash: string;
  /** When that was written. */
  readonly writtenAtMs: number;
  readonly manifest?: Manifest;
  /** What it is told, and what it is granted. */
  readonly settled?: Settled;
}

/** Which status may follow which. */
const nextOf: Readonly<Record<AgentStatus, readonly AgentStatus[]>> = {
  idle: ["busy", "failed", "refused", "stopped"],
  busy: ["idle", "failed", "refused", "stopped"],
  failed: ["failed", "refused", "stopped"],
  refused: ["failed", "refused", "stopped"],
  stopped: ["idle", "busy", "stopped"],
};

/**
 * A version's status changes by these methods alone, and all of them set it in one place:
 *
 * | from                        | by           | to                                           |
 * |-----------------------------|--------------|----------------------------------------------|
 * | idle                        | begin        | busy                                         |
 * | busy                        | end          | idle, when no other request is open          |
 * | idle, busy, failed, refused | fail, refuse | failed, refused: the last reason counts      |
 * | any                         | stop         | stopped                                      |
 * | stopped                     | serveFrom    | idle, or busy while requests of old are open |
 *
 * - idle: it serves; its host starts when it is asked, or at once if it subscribes to events.
 * - busy: it serves, and requests to it are open.
 * - failed: it can't be loaded (no manifest, an id that is taken, an import that throws), or the
 *   hosts that it lived in were lost again and again.
 * - refused: it wants what the daemon can't give it: a permission, a secret, a host.
 * - stopped: its file is gone, or another version serves in its place. If the newer one does not
 *   load, it serves again, from a copy.
 *
 * A version begins as idle, failed or refused. Only a new version leads out of failed and refused:
 * an edited file, or a reload.
 */
export class AgentEntry {
  readonly id: string;
  readonly file: string;
  readonly hash: string;
  readonly writtenAtMs: number;
  readonly manifest: Manifest | undefined;
  settled: Settled | undefined;
  /** Requests answered or failed. */
  messages = 0;
  errors = 0;
  lastError: string | undefined;
  /** Whether a host has loaded this version. */
  isProven = false;
  /** It held a host that others shared, and lives in a process of its own since. */
  isApart = false;
  #path: string;
  #status: AgentStatus = "idle";
  #reason: string | undefined;
  #openCount = 0;

  constructor(version: AgentVersion) {
    const { id, file, path, hash, writtenAtMs, manifest, settled } = version;
    this.id = id;
    this.file = file;
    this.hash = hash;
    this.writtenAtMs = writtenAtMs;
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

  /** Why it is failed or refused; or why its newest version is not the one that serves. */
  get reason(): string | undefined {
    return this.#reason;
  }

  get path(): string {
    return this.#path;
  }

  /** Requests that are being answered now. */
  get openCount(): number {
    return this.#openCount;
  }

  /** Whether it can be asked. */
  get isServing(): boolean {
    return this.#status === "idle" || this.#status === "busy";
  }

  /** Whether it serves and waits for events. */
  get isListening(): boolean {
    return this.isServing && (this.manifest?.subscriptions ?? []).length > 0;
  }

  /** A request to it begins. */
  begin(): void {
    this.#openCount++;
    if (this.#status === "idle") this.#become("busy");
  }

  /** A request to it has been answered, or has failed. */
  end(): void {
    this.#openCount--;
    this.messages++;
    if (this.#status === "busy" && this.#openCount === 0) this.#become("idle");
  }

  /** It can't be used, for a reason that lies in it. */
  fail(reason: string): void {
    this.#become("failed", reason);
  }

  /** It can't be given what it asks for. */
  refuse(reason: string): void {
    this.#become("refused", reason);
  }

  /** Another version serves in its place, or none; open requests come to their end. */
  stop(): void {
    this.#become("stopped", this.#reason);
  }

  /** It serves on, or again, from a copy, because of what is wrong with its newer version. */
  serveFrom(path: string, reason: string): void {
    this.#path = path;
    if (this.isServing) this.#reason = reason;
    else this.#become(this.#openCount > 0 ? "busy" : "idle", reason);
  }

  noteError(message: string): void {
    this.errors++;
    this.lastError = message;
  }

  /** Goes on counting where an earlier version of the agent stands. */
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
