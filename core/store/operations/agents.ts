/** Manifests from the last scan, by agent file and content hash. */

export interface SaveAgent {
  readonly kind: "save_agent";
  readonly file: string;
  readonly agentId: string;
  readonly contentHash: string;
  /** JSON; the store does not parse it. */
  readonly manifest: string;
  readonly atMs: number;
}

/** Deletes every file that is not in the list. */
export interface KeepAgents {
  readonly kind: "keep_agents";
  readonly files: readonly string[];
}

export type AgentOperation = SaveAgent | KeepAgents;
