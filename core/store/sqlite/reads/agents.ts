/** SQL for reads of scanned agent files. */

import type { AgentReads } from "../../reads/agents.ts";
import type { SqlReads } from "../sql_reads.ts";

export const agentReads: SqlReads<keyof AgentReads> = {
  scanned_agents: async ({ quick }) => {
    const rows = await quick("SELECT file, agent_id, content_hash, manifest FROM agents");
    return rows.map((row) => ({
      file: String(row.file),
      agentId: String(row.agent_id),
      contentHash: String(row.content_hash),
      manifest: String(row.manifest),
    }));
  },
};
