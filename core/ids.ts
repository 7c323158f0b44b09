/** Branded names and ids: a step's name cannot be passed as an agent's id. */

import { v7 } from "uuid";

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** An execution's UUID, version 7: sorts by creation time. */
export type ExecutionId = Branded<"ExecutionId">;
/** An agent's id, `[a-z][a-z0-9_]*`. */
export type AgentId = Branded<"AgentId">;
/** `agent_id.capability`. */
export type CapabilityAddress = Branded<"CapabilityAddress">;

export function newExecutionId(): ExecutionId {
  return v7() as ExecutionId;
}

/** A random id for something that is not stored, such as a daemon or a host. */
export function newOpaqueId(): string {
  return crypto.randomUUID();
}

/** The form of names: agents, capabilities, workflows and steps. */
export const namePattern = /^[a-z_][a-z0-9_]*$/;

export function capabilityAddress(agent: string, capability: string): CapabilityAddress {
  return `${agent}.${capability}` as CapabilityAddress;
}

/** Splits `agent_id.capability` into its two parts; undefined when it has another form. */
export function splitAddress(
  address: string,
): { readonly agent: AgentId; readonly capability: string } | undefined {
  const [agent, capability, ...rest] = address.split(".");
  if (!agent || !capability || rest.length > 0) return undefined;
  return { agent: agent as AgentId, capability };
}
