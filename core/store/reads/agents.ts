/** Reads of scanned agent files. */

export interface ScannedAgent {
  readonly file: string;
  readonly agentId: string;
  readonly contentHash: string;
  /** JSON. */
  readonly manifest: string;
}

export interface AgentReads {
  scanned_agents(): readonly ScannedAgent[];
}
