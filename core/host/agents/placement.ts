/** Decides which agents may share a host: those with equal rights, secrets and isolation. */

import type { AgentEntry } from "./entry.ts";
import type { Grants } from "../manifest/manifest.ts";

export interface Placement {
  readonly grants: Grants;
  readonly secrets: readonly string[];
  readonly kind: "thread" | "process";
  /** The only agent it is for; null when others may share the host. */
  readonly only: string | null;
  /** The instant at which the host lives, in UTC milliseconds; null for the present. */
  readonly asOfMs: number | null;
}

/** Agents of equal keys share a host. */
export type PlacementKey = string;

/**
 * Isolation comes from agents.yaml if stated there, then from the daemon's setting, then from the
 * manifest.
 */
export function placementOf(entry: AgentEntry, processForAll: boolean): Placement {
  const stated = entry.settled?.isolation;
  const isAlone = entry.isApart || stated === "alone";
  const unstated = processForAll ? "process" : entry.manifest?.isolation ?? "worker";
  const wantsProcess = isAlone || (stated ?? unstated) === "process";
  return {
    grants: entry.grants,
    secrets: entry.manifest?.secrets ?? [],
    kind: wantsProcess ? "process" : "thread",
    only: isAlone ? entry.id : null,
    asOfMs: null,
  };
}

/**
 * The placement at an earlier instant, without grants and secrets, which give access to the
 * present.
 */
export function placementAt(placement: Placement, asOfMs: number): Placement {
  return { ...placement, grants: {}, secrets: [], asOfMs };
}

export function keyOf({ grants, secrets, kind, only }: Placement): PlacementKey {
  return JSON.stringify([grants, secrets, kind, only]);
}
