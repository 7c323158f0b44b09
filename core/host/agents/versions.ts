/**
 * Which version of each agent's file serves. The newest one does; if it does not load, the version
 * before it serves on, from a copy, until a newer one does.
 */

import { messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { AgentEntry } from "./entry.ts";
import type { ReadFile } from "../scan/agent_files.ts";
import type { KeptVersions } from "../scan/kept_versions.ts";

export interface VersionsOptions {
  readonly kept: KeptVersions;
  /** Folders that agents' imports may read beside the agents folder. */
  readonly readable: readonly string[];
  /** An entry for each file, in their order. */
  readonly toEntries: (read: readonly ReadFile[]) => readonly AgentEntry[];
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** What a look at the agents folder has changed. */
export interface Change {
  /** Names of files that are new, other than they were, gone, or asked to be loaded again. */
  readonly files: ReadonlySet<string>;
  /** The versions of these files, the ones before and the ones that serve now. */
  readonly entries: readonly AgentEntry[];
}

export class Versions {
  readonly #options: VersionsOptions;
  /** By file: the version before the one that serves, until a newer one has proved itself. */
  readonly #before = new Map<string, AgentEntry>();
  #entries: Map<string, AgentEntry> = new Map();
  /** By file: what its version was, and what it was told. */
  #marks: ReadonlyMap<string, string> = new Map();
  #isFirst = true;

  constructor(options: VersionsOptions) {
    this.#options = options;
  }

  /** Those that serve, or say why they can't, by id. */
  get byId(): ReadonlyMap<string, AgentEntry> {
    return this.#entries;
  }

  get entries(): readonly AgentEntry[] {
    return [...this.#entries.values()];
  }

  /**
   * Puts the versions in place that were read; those of the file `reload` even where nothing has
   * changed. Undefined when it was stopped in the middle: then everything is as before.
   */
  async take(read: readonly ReadFile[], reload: string | undefined): Promise<Change | undefined> {
    const { signal, log } = this.#options;
    // The first look finds what an earlier daemon has left to go back to.
    const recalled = this.#isFirst ? await this.#recall(read) : undefined;
    await this.#keep(read);
    if (signal.aborted) return undefined;
    this.#isFirst = false;
    // From here on nothing is awaited: a version that goes back meanwhile would be lost.
    const before = recalled ?? this.entries;
    const newest = this.#options.toEntries(read);
    const marks = new Map(newest.map((entry) => [entry.file, markOf(entry)]));
    const changed = changedFiles(marks, this.#marks, reload);
    const entries = this.#choose(newest, before, changed);
    this.#marks = marks;
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]));
    for (const entry of before) if (!entries.includes(entry)) entry.stop();
    for (const { id, file, isServing, reason } of entries) {
      if (!changed.has(file) || isServing) continue;
      log.error("agent is not available", { agent: id, reason });
    }
    const touched = [...before, ...entries].filter(({ file }) => changed.has(file));
    return { files: changed, entries: touched };
  }

  /** Puts the version before this one in its place; false when it has none to go back to. */
  goBack(entry: AgentEntry, reason: string): boolean {
    const before = this.#before.get(entry.file);
    this.#before.delete(entry.file);
    if (!before || entry.isProven || this.#entries.get(entry.id) !== entry) return false;
    const other = this.#entries.get(before.id);
    if (other && other !== entry) return false;
    this.#entries.delete(entry.id);
    entry.stop();
    this.#entries.set(before.id, before);
    this.#serveCopy(before, reason);
    return true;
  }

  /** Removes the copies of all but the versions that serve, and those before them. */
  async prune(): Promise<void> {
    const { kept, log } = this.#options;
    const { entries } = this;
    for (const { file, isProven } of entries) if (isProven) this.#before.delete(file);
    const inUse = [...entries, ...this.#before.values()];
    try {
      await kept.prune(new Set(inUse.map(({ hash }) => hash)));
    } catch (thrown) {
      log.error("cannot forget copies of agents", { reason: messageOf(thrown) });
    }
  }

  async #recall(read: readonly ReadFile[]): Promise<readonly AgentEntry[]> {
    const { kept, readable, signal, log, toEntries } = this.#options;
    try {
      return toEntries(await kept.recall(read, readable, signal));
    } catch (thrown) {
      if (!signal.aborted) {
        log.error("cannot recall copies of agents", { reason: messageOf(thrown) });
      }
      return [];
    }
  }

  /** An entry for each file; what has not changed, or serves on as it was, keeps its own. */
  #choose(
    newest: readonly AgentEntry[],
    earlier: readonly AgentEntry[],
    changed: ReadonlySet<string>,
  ): readonly AgentEntry[] {
    const before = new Map(earlier.map((entry) => [entry.file, entry]));
    for (const file of this.#before.keys()) if (!before.has(file)) this.#before.delete(file);
    const taken = new Set(newest.filter(isServing).map(({ id }) => id));
    return newest.map((next) => {
      const old = before.get(next.file);
      if (!old) return next;
      // Another file may have taken over its id, or have let go of the one that it claims.
      const isTaken = taken.has(old.id);
      if (!changed.has(next.file)) {
        const hasLost = next.manifest === undefined && isTaken;
        if (old.manifest === undefined || hasLost) return next;
        // The same values may stand in other lines now.
        if (markOf(old) === markOf(next)) old.settled = next.settled;
        return old;
      }
      if (!old.isServing || next.isServing) return this.#replace(old, next);
      if (isTaken) return next;
      this.#serveCopy(old, next.reason ?? "its new version does not load");
      return old;
    });
  }

  #replace(old: AgentEntry, next: AgentEntry): AgentEntry {
    // One that no host has tried is no better to go back to than the one before it.
    if (old.isServing && (old.isProven || !this.#before.has(old.file))) {
      this.#before.set(old.file, old);
    }
    if (next.id === old.id) next.countOnFrom(old);
    return next;
  }

  /** From now on it is loaded from its copy: its file is another one, which is broken. */
  #serveCopy(entry: AgentEntry, reason: string): void {
    const { kept, log } = this.#options;
    entry.serveFrom(kept.pathOf(entry.hash, entry.file), reason);
    log.error("an agent's new version does not load", { agent: entry.id, reason });
  }

  /** Keeps copies of what may have to be gone back to. */
  async #keep(read: readonly ReadFile[]): Promise<void> {
    const { kept, log } = this.#options;
    try {
      for (const { result, content } of read) if ("manifest" in result) await kept.keep(content);
    } catch (thrown) {
      log.error("cannot keep copies of agents", { reason: messageOf(thrown) });
    }
  }
}

function isServing(entry: AgentEntry): boolean {
  return entry.isServing;
}

/** Entries of equal marks are the same: in what they are, what they are told, and what hinders. */
function markOf({ hash, settled, reason }: AgentEntry): string {
  return JSON.stringify([hash, settled?.values, settled?.grants, settled?.isolation, reason]);
}

function changedFiles(
  marks: ReadonlyMap<string, string>,
  before: ReadonlyMap<string, string>,
  reload: string | undefined,
): ReadonlySet<string> {
  const names = [...new Set([...marks.keys(), ...before.keys()])];
  return new Set(names.filter((name) => name === reload || marks.get(name) !== before.get(name)));
}
