/**
 * The agents that ship with the release, as `deno task agents:shipped` lists them. Their ids are
 * reserved to their files, and they alone are configured by environment variables.
 */

import shipped from "../agents/shipped.json" with { type: "json" };

export interface ShippedAgent {
  /** Its path in the agents folder. */
  readonly file: string;
  /** The variables that fields of its configuration name. */
  readonly variables: readonly string[];
}

/** By id. */
export type Shipped = Readonly<Record<string, ShippedAgent>>;

export const shippedAgents: Shipped = shipped;

/** Whether the agent that `file` declares is one that ships with the release. */
export function isShipped(all: Shipped, id: string, file: string): boolean {
  return Object.hasOwn(all, id) && all[id]?.file === file;
}

/** Every variable that configures an agent of the release. */
export const shippedVariables: readonly string[] = [
  ...new Set(Object.values(shippedAgents).flatMap(({ variables }) => variables)),
].sort();
