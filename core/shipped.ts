/**
 * The agents that ship with the release, as `deno task agents:shipped` lists them. Their ids are
 * reserved for their files, and only they are configured by environment variables.
 */

import shipped from "../agents/shipped.json" with { type: "json" };

export interface ShippedAgent {
  /** Its path in the agents folder. */
  readonly file: string;
  /** The environment variables that its configuration fields name. */
  readonly variables: readonly string[];
}

/** Shipped agents by id. */
export type Shipped = Readonly<Record<string, ShippedAgent>>;

export const shippedAgents: Shipped = shipped;

/** Whether `id`, declared in `file`, is a shipped agent. */
export function isShipped(all: Shipped, id: string, file: string): boolean {
  return Object.hasOwn(all, id) && all[id]?.file === file;
}

/** Every variable that configures a shipped agent. */
export const shippedVariables: readonly string[] = [
  ...new Set(Object.values(shippedAgents).flatMap(({ variables }) => variables)),
].sort();
