/**
 * What the daemon knows of each agent file: its manifest or why it has none, and its counters.
 * Pure bookkeeping; hosts are {@link Hosts}' concern.
 */

import { AppError, type ErrorData } from "../errors.ts";
import { closest } from "../closest.ts";
import { splitAddress } from "../ids.ts";
import type { Grants, Manifest } from "./manifest.ts";
import type { ReadFile } from "./agent_files.ts";

export type AgentState = "loaded" | "failed" | "refused";

export interface AgentEntry {
  /** The manifest's id; the file's name for a file that gave none. */
  readonly id: string;
  readonly file: string;
  /** Where it is loaded from: the agents folder, or the copy of a version that is kept. */
  path: string;
  /** The hash of its content. */
  readonly hash: string;
  /** When that was written. */
  readonly writtenAtMs: number;
  readonly manifest: Manifest | undefined;
  /** What it is given: its manifest's permissions, or what the configuration replaces them by. */
  readonly grants: Grants;
  state: AgentState;
  /** Why it is failed or refused; or why its newest version is not the one that serves. */
  reason: string | undefined;
  /** Whether a host has loaded this version. */
  isProven: boolean;
  /** It held a host that others shared, and lives in a process of its own since. */
  isApart: boolean;
  /** Requests answered or failed. */
  messages: number;
  /** Requests being answered now. */
  open: number;
  errors: number;
  lastError: string | undefined;
}

/** One entry for each file. An id that two files claim belongs to the first, by file name. */
export function makeEntries(
  read: readonly ReadFile[],
  grantsOf: (manifest: Manifest) => Grants,
  whyRefused: (grants: Grants, manifest: Manifest) => string | undefined = () => undefined,
): AgentEntry[] {
  const owners = new Map<string, string>();
  return read.map(({ result, hash, content: { writtenAtMs } }) => {
    const { name: file, path } = result.file;
    const blank = { ...blankEntry, id: file, file, path, hash, writtenAtMs };
    if ("error" in result) return failed(blank, result.error);
    const { manifest } = result;
    const owner = owners.get(manifest.id);
    if (owner !== undefined) {
      const message = `Cannot load agent "${file}": id: "${manifest.id}" is taken by ` +
        `"${owner}", so all its capabilities are duplicates; choose another id`;
      return failed(blank, { code: "invalid_manifest", message });
    }
    owners.set(manifest.id, file);
    const grants = grantsOf(manifest);
    const entry = { ...blank, id: manifest.id, manifest, grants };
    const refusal = whyRefused(grants, manifest);
    return refusal === undefined ? entry : { ...entry, state: "refused", reason: refusal };
  });
}

/**
 * The entry that serves `address`.
 * @throws {AppError} `unknown_agent`, `unknown_capability`, `agent_unavailable`.
 */
export function findServing(
  entries: ReadonlyMap<string, AgentEntry>,
  address: string,
): { readonly entry: AgentEntry; readonly manifest: Manifest } {
  const parts = splitAddress(address);
  const entry = parts && entries.get(parts.agent);
  if (!entry) {
    throw new AppError(
      "unknown_agent",
      `Cannot invoke "${address}": no agent "${parts?.agent ?? address}"` +
        suggestion(parts?.agent ?? address, [...entries.keys()]),
    );
  }
  if (entry.state !== "loaded" || !entry.manifest) {
    throw new AppError(
      "agent_unavailable",
      `Cannot invoke "${address}": agent "${entry.id}" is ${entry.state}: ${entry.reason}`,
    );
  }
  const names = entry.manifest.capabilities.map(({ name }) => name);
  if (!names.includes(parts.capability)) {
    throw new AppError(
      "unknown_capability",
      `Cannot invoke "${address}": agent "${entry.id}" has no capability "${parts.capability}"` +
        suggestion(parts.capability, names),
    );
  }
  return { entry, manifest: entry.manifest };
}

function suggestion(word: string, known: readonly string[]): string {
  const near = closest(word, known);
  return near ? `; did you mean "${near}"?` : `; it knows ${known.join(", ") || "none"}`;
}

const blankEntry = {
  manifest: undefined,
  grants: {},
  state: "loaded",
  reason: undefined,
  isProven: false,
  isApart: false,
  messages: 0,
  open: 0,
  errors: 0,
  lastError: undefined,
} as const;

function failed(blank: AgentEntry, error: ErrorData): AgentEntry {
  return { ...blank, state: "failed", reason: error.message };
}
