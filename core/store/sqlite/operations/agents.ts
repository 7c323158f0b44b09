/** SQL of what agent files declared. */

import type { KeepAgents, SaveAgent } from "../../operations/agents.ts";
import type { Kind } from "../kind.ts";

export const saveAgent: Kind<SaveAgent> = {
  kind: "save_agent",
  key: ({ file }) => file,
  sql: `INSERT INTO agents (file, agent_id, content_hash, manifest, scanned_at)
    SELECT value ->> 'file', value ->> 'agentId', value ->> 'contentHash',
      value ->> 'manifest', value ->> 'atMs'
    FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET agent_id = excluded.agent_id, content_hash = excluded.content_hash,
      manifest = excluded.manifest, scanned_at = excluded.scanned_at
    RETURNING file AS key`,
};

export const keepAgents: Kind<KeepAgents> = {
  kind: "keep_agents",
  key: () => "",
  sql: `DELETE FROM agents WHERE file NOT IN (
      SELECT file.value FROM json_each(?1) AS row, json_each(row.value, '$.files') AS file)
    RETURNING '' AS key`,
};
