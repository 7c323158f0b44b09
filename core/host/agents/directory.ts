/** The agents: an entry for each file, and the lookup from an address to an entry. */

import { AppError } from "../../errors.ts";
import { closest } from "../../closest.ts";
import { splitAddress } from "../../ids.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { AgentEntry, type AgentVersion } from "./entry.ts";
import type { ReadFile } from "../scan/agent_files.ts";
import { refusalOf, type Settled } from "../settings/settle.ts";
import type { Origin } from "../../shipped.ts";

/** The operator's settings, as far as entries need them. */
export interface SettingsOfFiles {
  /** The configuration and grants of the agent that `file` declares. */
  settle(manifest: Manifest, file: string): Settled;
  /** The file an id is bound to; undefined when any file may declare it. */
  ownerOf(id: string): string | undefined;
  /** Whose code it is that declares the id in a file with this hash. */
  originOf(id: string, file: string, hash: string): Origin;
}

/**
 * One entry for each file. An id bound to a file is refused for every other file. If several files
 * declare an unbound id, it is refused for all of them, because it is unclear which one is meant.
 */
export function makeEntries(
  read: readonly ReadFile[],
  settings: SettingsOfFiles,
  whyRefused: (settled: Settled, manifest: Manifest) => string | undefined = () => undefined,
): AgentEntry[] {
  const claims = Map.groupBy(read, ({ result }) => "manifest" in result ? result.manifest.id : "");
  return read.map(({ result, hash, content: { writtenAtMs } }) => {
    const { name: file, path } = result.file;
    const version = { id: file, file, path, hash, writtenAtMs };
    if ("error" in result) return failed(version, result.error.message);
    const { manifest } = result;
    const names = (claims.get(manifest.id) ?? []).map(({ result }) => result.file.name);
    const wrong = whyNotIts(manifest.id, file, names, settings.ownerOf(manifest.id));
    if (wrong !== undefined) return failed(version, `Cannot load agent "${file}": ${wrong}`);
    const settled = settings.settle(manifest, file);
    const origin = settings.originOf(manifest.id, file, hash);
    const entry = new AgentEntry({ ...version, id: manifest.id, origin, manifest, settled });
    const refusal = refusalOf(manifest.id, settled) ?? whyRefused(settled, manifest);
    if (refusal !== undefined) entry.refuse(refusal);
    return entry;
  });
}

/** Why a file may not use the id it declares; undefined when it may. */
function whyNotIts(
  id: string,
  file: string,
  claimants: readonly string[],
  owner: string | undefined,
): string | undefined {
  if (owner === file) return undefined;
  if (owner !== undefined) return `id: "${id}" belongs to "${owner}"; choose another id`;
  if (claimants.length < 2) return undefined;
  const all = claimants.map((name) => `"${name}"`).join(", ");
  return `id: "${id}" is declared by ${all}, so none of them gets it; choose another id, ` +
    `or name its file in agents.yaml`;
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
  return near ? `; did you mean "${near}"?` : `; known: ${known.join(", ") || "none"}`;
}
