/**
 * Which version of each agent's file serves: the newest, or while that one does not load, a copy of
 * the version before it.
 */

import { messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { AgentEntry } from "./entry.ts";
import type { ReadFile } from "../scan/agent_files.ts";
import type { KeptVersions } from "../scan/kept_versions.ts";

export interface VersionsOptions {
  readonly kept: KeptVersions;
  /** Folders besides the agents folder that agents' imports may read. */
  readonly readable: readonly string[];
  /** Makes an entry for each file, in the same order. */
  readonly toEntries: (read: readonly ReadFile[]) => readonly AgentEntry[];
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** What changed since the agents folder was last read. */
export interface Change {
  /** Names of files that are new, changed, deleted, or asked to be reloaded. */
  readonly files: ReadonlySet<string>;
  /** The previous and current versions of these files. */
  readonly entries: readonly AgentEntry[];
}

export class Versions {
  readonly #options: VersionsOptions;
  /** By file: the version before the current one, until a host has loaded the current one. */
  readonly #before = new Map<string, AgentEntry>();
  #entries: Map<string, AgentEntry> = new Map();
  /** By file: a mark of its newest version and settings. */
  #marks: ReadonlyMap<string, string> = new Map();
  #isFirst = true;

  constructor(options: VersionsOptions) {
    this.#options = options;
  }

  /** The current entry of each agent, whether it serves or not, by id. */
  get byId(): ReadonlyMap<string, AgentEntry> {
    return this.#entries;
  }

  get entries(): readonly AgentEntry[] {
    return [...this.#entries.values()];
  }

  /**
   * Puts the versions that were read in place; that of the file `reload` even if it has not
   * changed. Returns undefined when stopped halfway, with nothing changed.
   */
  async take(read: readonly ReadFile[], reload: string | undefined): Promise<Change | undefined> {
    const { signal, log } = this.#options;
    // At the first look, copies kept by an earlier daemon are the previous versions.
    const recalled = this.#isFirst ? await this.#recall(read) : undefined;
    await this.#keep(read);
    if (signal.aborted) return undefined;
    this.#isFirst = false;
    // No await from here on: a version that goes back in between would be lost.
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

  /** Replaces this version by the previous one; false when there is no previous one. */
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

  /** Removes all copies except those of the current versions and the ones before them. */
  async prune(): Promise<void> {
    const { kept, log } = this.#options;
    const { entries } = this;
    for (const { file, isProven } of entries) if (isProven) this.#before.delete(file);
    const inUse = [...entries, ...this.#before.values()];
    try {
      await kept.prune(new Set(inUse.map(({ hash }) => hash)));
    } catch (thrown) {
      log.error("cannot remove old copies of agents", { reason: messageOf(thrown) });
    }
  }

  async #recall(read: readonly ReadFile[]): Promise<readonly AgentEntry[]> {
    const { kept, readable, signal, log, toEntries } = this.#options;
    try {
      return toEntries(await kept.recall(read, readable, signal));
    } catch (thrown) {
      if (!signal.aborted) {
        log.error("cannot read kept copies of agents", { reason: messageOf(thrown) });
      }
      return [];
    }
  }

  /**
   * An entry for each file. An unchanged file, or one whose old version keeps serving, keeps its
   * entry.
   */
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
      // Another file may now have its id, or may have given up the id it claims.
      const isTaken = taken.has(old.id);
      if (!changed.has(next.file)) {
        const hasLost = next.manifest === undefined && isTaken;
        if (old.manifest === undefined || hasLost) return next;
        // The values are equal, but their line numbers may differ.
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
    // A version no host has loaded is a worse fallback than the one before it.
    if (old.isServing && (old.isProven || !this.#before.has(old.file))) {
      this.#before.set(old.file, old);
    }
    if (next.id === old.id) next.countOnFrom(old);
    return next;
  }

  /** Loads the version from its copy from now on, because the file now holds the broken version. */
  #serveCopy(entry: AgentEntry, reason: string): void {
    const { kept, log } = this.#options;
    entry.serveFrom(kept.pathOf(entry.hash, entry.file), reason);
    log.error("an agent's new version does not load", { agent: entry.id, reason });
  }

  /** Copies every loadable version, as a fallback. */
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

/** Entries with equal marks have the same content, settings and reason. */
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
