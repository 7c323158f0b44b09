/** Decides which agents may share a host: those with equal rights, secrets and isolation. */

import type { AgentEntry } from "./entry.ts";
import type { Grants } from "../manifest/manifest.ts";

/**
 * Where agents live unless agents.yaml or their manifest says otherwise. `auto`: agents that ship
 * with the release in threads of the daemon, all others in processes, since no fence inside a
 * thread holds against intent.
 */
export type IsolationSetting = "auto" | "thread" | "process";

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

/** agents.yaml counts before the manifest, and that before the daemon's setting. */
export function placementOf(entry: AgentEntry, setting: IsolationSetting): Placement {
  const { manifest, settled, isApart, origin, grants } = entry;
  const unstated = setting !== "auto" ? setting : origin === "shipped" ? "thread" : "process";
  const wanted = isApart ? "alone" : settled?.isolation ?? manifest?.isolation ?? unstated;
  return {
    grants,
    secrets: manifest?.secrets ?? [],
    kind: wanted === "thread" ? "thread" : "process",
    only: wanted === "alone" ? entry.id : null,
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
