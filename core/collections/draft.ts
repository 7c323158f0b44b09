/**
 * Works out what a change does to a collection, write by write, before anything is stored. Pure:
 * the caller reads the states of the keys and passes in the clock. Each write sees the earlier
 * ones, and a refused call leaves no trace.
 */

import { bytesOf } from "./bounds.ts";
import type { CollectionHead, CollectionState } from "../store/reads/collections.ts";
import type { VersionTuple } from "../store/operations/collections.ts";

export interface PutIntent {
  readonly kind: "put";
  readonly key: string;
  /** JSON; `bytes` also counts the key. */
  readonly value: string;
  readonly bytes: number;
  /** Undefined: from now on. */
  readonly publicAtMs: number | undefined;
  /** Undefined: any state; null: only if there is no value. */
  readonly ifVersion: number | null | undefined;
}

export interface DeleteIntent {
  readonly kind: "delete";
  readonly key: string;
  readonly ifVersion: number | null | undefined;
}

export type Intent = PutIntent | DeleteIntent;

export type Outcome =
  /** The version that holds the value; undefined for a delete that found none. */
  | { readonly version: number | undefined }
  /** The version found instead; null if there is no value. */
  | { readonly conflict: number | null };

/** The change to one key. */
interface KeyDraft {
  readonly head: CollectionHead | undefined;
  /** Whether the store holds a current value of the key. */
  readonly isHeld: boolean;
  /** The new current value; undefined leaves it unchanged. */
  readonly next: VersionTuple | "dropped" | undefined;
  /** Versions that go straight to the history. */
  readonly versions: readonly VersionTuple[];
  /** The versions that this change wrote, to recognise repeated values. */
  readonly written: readonly VersionTuple[];
}

export interface DraftOptions {
  readonly history: boolean;
  readonly nowMs: number;
  readonly lastVersion: number;
}

export class Draft {
  readonly options: DraftOptions;
  readonly #parent: Draft | undefined;
  readonly #keys = new Map<string, KeyDraft>();
  lastVersion: number;
  /** Differences to add to the collection's counts. */
  values = 0;
  bytes = 0;
  misfits = 0;
  /** Whether a value was replaced or dropped without a trace in the history. */
  hasForgotten = false;

  constructor(options: DraftOptions, parent?: Draft) {
    this.options = options;
    this.#parent = parent;
    this.lastVersion = options.lastVersion;
  }

  /** A draft that continues this one; this one changes only when it absorbs the branch. */
  branch(): Draft {
    return new Draft({ ...this.options, lastVersion: this.lastVersion }, this);
  }

  absorb(branch: Draft): void {
    for (const [key, draft] of branch.#keys) this.#keys.set(key, draft);
    this.lastVersion = branch.lastVersion;
    this.values += branch.values;
    this.bytes += branch.bytes;
    this.misfits += branch.misfits;
    this.hasForgotten ||= branch.hasForgotten;
  }

  apply(intent: Intent, state: CollectionState): Outcome {
    const key = this.#find(intent.key) ?? fresh(state);
    const held = key.head && !key.head.isDeleted ? key.head.version : null;
    const { ifVersion } = intent;
    if (ifVersion !== undefined && ifVersion !== held) return { conflict: held };
    if (intent.kind === "put") return { version: this.#put(intent, key, state) };
    return { version: held === null ? undefined : this.#delete(intent, key) };
  }

  get drafts(): ReadonlyMap<string, KeyDraft> {
    return this.#keys;
  }

  #find(key: string): KeyDraft | undefined {
    const parent = this.#parent;
    return this.#keys.get(key) ?? (parent ? parent.#find(key) : undefined);
  }

  #put(intent: PutIntent, key: KeyDraft, state: CollectionState): number {
    const { history, nowMs } = this.options;
    const { head } = key;
    // If the clock was set back, the new version must still be visible.
    const publicAtMs = intent.publicAtMs ?? Math.max(nowMs, head?.publicAtMs ?? nowMs);
    const shown = this.#shownAt(publicAtMs, intent.value, key, state);
    if (shown?.isSame) return shown.version;
    const isFirst = head === undefined;
    const row: VersionTuple = [
      intent.key,
      ++this.lastVersion,
      publicAtMs,
      isFirst && publicAtMs < nowMs ? 1 : 0,
      intent.bytes,
      intent.value,
    ];
    const written = history ? [...key.written, row] : [row];
    this.bytes += intent.bytes;
    if (history && head && publicAtMs < head.publicAtMs) {
      this.values++;
      this.#keys.set(intent.key, { ...key, versions: [...key.versions, row], written });
      return this.lastVersion;
    }
    const versions = this.#supersede(key);
    this.values++;
    this.#keys.set(intent.key, { ...key, head: headOf(row), next: row, versions, written });
    return this.lastVersion;
  }

  #delete({ key: name }: DeleteIntent, key: KeyDraft): number {
    const { history, nowMs } = this.options;
    const versions = this.#supersede(key);
    const version = ++this.lastVersion;
    if (!history) {
      this.#keys.set(name, { ...key, head: undefined, next: "dropped", versions, written: [] });
      return version;
    }
    const publicAtMs = Math.max(nowMs, key.head?.publicAtMs ?? nowMs);
    const bytes = bytesOf(name);
    const row: VersionTuple = [name, version, publicAtMs, 0, bytes, null];
    this.values++;
    this.bytes += bytes;
    this.#keys.set(name, {
      ...key,
      head: headOf(row),
      next: "dropped",
      versions: [...versions, row],
      written: [...key.written, row],
    });
    return version;
  }

  /** The version that a read as of the instant returns, stored or written by this change. */
  #shownAt(
    publicAtMs: number,
    value: string,
    { head, next, written }: KeyDraft,
    { shown }: CollectionState,
  ): Shown | undefined {
    if (head === undefined) return undefined;
    const stored = shown && (this.options.history || next === undefined) ? [shown] : [];
    const drafted = written.filter(([, , atMs]) => atMs <= publicAtMs).map((row) =>
      toShown(row, value)
    );
    return [...stored, ...drafted]
      .toSorted((a, b) => b.publicAtMs - a.publicAtMs || b.version - a.version)[0];
  }

  /** Removes the current value from the counts; returns the versions that go to the history. */
  #supersede({ head, next, versions }: KeyDraft): readonly VersionTuple[] {
    if (head === undefined || head.isDeleted) return versions;
    if (head.isMisfit) this.misfits--;
    if (!this.options.history) {
      this.values--;
      this.bytes -= head.bytes;
      this.hasForgotten = true;
      return versions;
    }
    return next === undefined || next === "dropped" ? versions : [...versions, next];
  }
}

function fresh({ head }: CollectionState): KeyDraft {
  const isHeld = head !== undefined && !head.isDeleted;
  return { head, isHeld, next: undefined, versions: [], written: [] };
}

function headOf([, version, publicAtMs, , bytes, value]: VersionTuple): CollectionHead {
  return { version, publicAtMs, bytes, isMisfit: false, isDeleted: value === null };
}

type Shown = NonNullable<CollectionState["shown"]>;

function toShown([, version, publicAtMs, , , text]: VersionTuple, value: string): Shown {
  return { version, publicAtMs, isSame: text === value };
}
