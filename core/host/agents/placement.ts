/** Which agents may share a host: those of equal rights, secrets and isolation. */

import type { AgentEntry } from "./entry.ts";
import type { Grants } from "../manifest/manifest.ts";

export interface Placement {
  readonly grants: Grants;
  readonly secrets: readonly string[];
  readonly kind: "thread" | "process";
  /** The one agent it is for, when that shares its process with no other. */
  readonly only: string | null;
  /** The instant that the host lives at, in UTC milliseconds; null: it lives now. */
  readonly asOfMs: number | null;
}

/** Agents of equal keys share a host. */
export type PlacementKey = string;

/** What agents.yaml says comes first, then what the daemon was started with, then the manifest. */
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

/** The placement at an earlier instant: what is granted, and every secret, leads to now. */
export function placementAt(placement: Placement, asOfMs: number): Placement {
  return { ...placement, grants: {}, secrets: [], asOfMs };
}

export function keyOf({ grants, secrets, kind, only }: Placement): PlacementKey {
  return JSON.stringify([grants, secrets, kind, only]);
}
