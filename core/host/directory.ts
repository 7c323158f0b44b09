/** Which agents there are: an entry for each file, and the way from an address to one of them. */

import { AppError } from "../errors.ts";
import { closest } from "../closest.ts";
import { splitAddress } from "../ids.ts";
import type { Grants, Manifest } from "./manifest.ts";
import { AgentEntry, type AgentVersion } from "./agent_entry.ts";
import type { ReadFile } from "./scan/agent_files.ts";

/** One entry for each file. An id that two files claim belongs to the first, by file name. */
export function makeEntries(
  read: readonly ReadFile[],
  grantsOf: (manifest: Manifest) => Grants,
  whyRefused: (grants: Grants, manifest: Manifest) => string | undefined = () => undefined,
): AgentEntry[] {
  const owners = new Map<string, string>();
  return read.map(({ result, hash, content: { writtenAtMs } }) => {
    const { name: file, path } = result.file;
    const version = { id: file, file, path, hash, writtenAtMs };
    if ("error" in result) return failed(version, result.error.message);
    const { manifest } = result;
    const owner = owners.get(manifest.id);
    if (owner !== undefined) {
      return failed(
        version,
        `Cannot load agent "${file}": id: "${manifest.id}" is taken by ` +
          `"${owner}", so all its capabilities are duplicates; choose another id`,
      );
    }
    owners.set(manifest.id, file);
    const grants = grantsOf(manifest);
    const entry = new AgentEntry({ ...version, id: manifest.id, manifest, grants });
    const refusal = whyRefused(grants, manifest);
    if (refusal !== undefined) entry.refuse(refusal);
    return entry;
  });
}

function failed(version: AgentVersion, reason: string): AgentEntry {
  const entry = new AgentEntry(version);
  entry.fail(reason);
  return entry;
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
  if (!entry.isServing || !entry.manifest) {
    throw new AppError(
      "agent_unavailable",
      `Cannot invoke "${address}": agent "${entry.id}" is ${entry.status}: ${entry.reason}`,
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
