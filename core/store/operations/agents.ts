/** What agent files declared when they were last scanned, by file and content. */

export interface SaveAgent {
  readonly kind: "save_agent";
  readonly file: string;
  readonly agentId: string;
  readonly contentHash: string;
  /** JSON: the store does not look into it. */
  readonly manifest: string;
  readonly atMs: number;
}

/** Forgets every file that is not among those named. */
export interface KeepAgents {
  readonly kind: "keep_agents";
  readonly files: readonly string[];
}

export type AgentOperation = SaveAgent | KeepAgents;
