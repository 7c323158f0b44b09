/** Agents as the API shows them. */

import type { CacheCounts } from "../../cache/cache.ts";
import type { AgentEntry } from "../../host/agents/entry.ts";
import type { Mask } from "../../mask.ts";
import type { AgentView } from "../agents_api.ts";
import { collectionView } from "./collections.ts";
import type { ControlPlane } from "../control_plane.ts";
import type { AgentStatus } from "../../statuses.ts";

export function agentView(
  { hosts, cache, collections, config }: ControlPlane,
  entry: AgentEntry,
): AgentView {
  const { manifest } = entry;
  const { hits, misses } = cache.countsOf(entry.id);
  const { mask } = config;
  return {
    id: entry.id,
    file: entry.file,
    description: manifest?.description ?? "",
    status: entry.status,
    reason: entry.reason ?? null,
    serves_version_of: isOlderVersion(entry) ? new Date(entry.writtenAtMs).toISOString() : null,
    capabilities: manifest?.capabilities ?? [],
    source: manifest?.source ?? null,
    config: configView(entry, mask),
    permissions: entry.grants,
    secrets: manifest?.secrets ?? [],
    isolation: hosts.isolationOf(entry),
    origin: entry.origin,
    subscriptions: manifest?.subscriptions ?? [],
    host: entry.isServing ? hosts.hostOf(entry) ?? null : null,
    messages: entry.messages,
    errors: entry.errors,
    // In the agent's own words, which may repeat a secret it was sent.
    last_error: entry.lastError === undefined ? null : mask.text(entry.lastError),
    cache: { hits, misses, hit_rate: hitRate({ hits, misses }) },
    collections: collections.usesOf(entry.id).map(collectionView),
  };
}

/** Every field with the value in force, and where that comes from. */
function configView({ settled }: AgentEntry, mask: Mask): AgentView["config"] {
  return (settled?.fields ?? []).map(({ name, value, from }) => ({
    name,
    value: mask.data(value) ?? null,
    from,
  }));
}

/** 0 to 1; null before the first question. */
export function hitRate({ hits, misses }: CacheCounts): number | null {
  return hits + misses === 0 ? null : hits / (hits + misses);
}

/** How many agents there are of each status. */
export function countAgents(entries: readonly AgentEntry[]): Record<AgentStatus, number> {
  const counts = { idle: 0, busy: 0, failed: 0, refused: 0, stopped: 0 };
  for (const entry of entries) counts[entry.status]++;
  return counts;
}

/** Whether it serves though its file, as it is now, can't be loaded. */
function isOlderVersion({ isServing, reason }: AgentEntry): boolean {
  return isServing && reason !== undefined;
}
