/**
 * The agents that ship with the release, as `deno task agents:shipped` lists them. Their ids are
 * reserved for their files, only they are configured by environment variables, and while their code
 * is that of the release they may live in threads of the daemon.
 */

import shipped from "../agents/shipped.json" with { type: "json" };

export interface ShippedAgent {
  /** Its path in the agents folder. */
  readonly file: string;
  /** The hash of its file and of the files it imports. */
  readonly hash: string;
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

/** Whose code an agent is: the release's, the release's after a change, or the user's. */
export type Origin = "shipped" | "edited" | "yours";

export function originOf(all: Shipped, id: string, file: string, hash: string): Origin {
  if (!isShipped(all, id, file)) return "yours";
  return all[id]?.hash === hash ? "shipped" : "edited";
}

/** Every variable that configures a shipped agent. */
export const shippedVariables: readonly string[] = [
  ...new Set(Object.values(shippedAgents).flatMap(({ variables }) => variables)),
].sort();
