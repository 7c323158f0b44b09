/** What agent files declared when they were last scanned, by file and content. */

import { type Verb, write } from "./commits.ts";
import type { Store } from "./store.ts";

/** A scanned file. The manifest is JSON text: the store does not look into it. */
export interface ScannedAgent {
  readonly file: string;
  readonly agentId: string;
  readonly contentHash: string;
  readonly manifest: string;
}

const saveAgent: Verb<
  { file: string; agent_id: string; content_hash: string; manifest: string; at: number }
> = {
  name: "save_agent",
  order: 100,
  key: ({ file }) => file,
  sql: `INSERT INTO agents (file, agent_id, content_hash, manifest, scanned_at)
    SELECT value ->> 'file', value ->> 'agent_id', value ->> 'content_hash',
      value ->> 'manifest', value ->> 'at'
    FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET agent_id = excluded.agent_id, content_hash = excluded.content_hash,
      manifest = excluded.manifest, scanned_at = excluded.scanned_at
    RETURNING file AS key`,
};

/** Forgets every file that is not among those named. */
const keepAgents: Verb<{ files: readonly string[] }> = {
  name: "keep_agents",
  order: 101,
  key: () => "",
  sql: `DELETE FROM agents WHERE file NOT IN (
      SELECT file.value FROM json_each(?1) AS row, json_each(row.value, '$.files') AS file)
    RETURNING file AS key`,
};

export async function readAgents({ database }: Store): Promise<ScannedAgent[]> {
  const rows = await database.read("SELECT file, agent_id, content_hash, manifest FROM agents");
  return rows.map((row) => ({
    file: String(row.file),
    agentId: String(row.agent_id),
    contentHash: String(row.content_hash),
    manifest: String(row.manifest),
  }));
}

/** Replaces all that is stored by `agents`. */
export async function replaceAgents(
  { commits }: Store,
  agents: readonly ScannedAgent[],
  at: number,
): Promise<void> {
  const saved = agents.map(({ file, agentId, contentHash, manifest }) =>
    write(saveAgent, { file, agent_id: agentId, content_hash: contentHash, manifest, at })
  );
  await commits.commit([...saved, write(keepAgents, { files: agents.map(({ file }) => file) })]);
}
