/**
 * What a host's failure means for its agents. A version that a host cannot load is replaced by the
 * previous one; without one, the agent fails. An agent that took its neighbours down with it
 * moves to a process of its own.
 */

import type { Log } from "../../log.ts";
import type { AgentEntry } from "./entry.ts";
import type { FailedAgent } from "../control.ts";

/** The agents that hosts run. */
export interface Agents {
  /** Every agent's current entry. */
  readonly entries: readonly AgentEntry[];
  /** Replaces this version by the previous one; false when there is no previous one. */
  goBack(entry: AgentEntry, reason: string): boolean;
}

export class Blame {
  readonly #agents: Agents;
  readonly #log: Log;

  constructor(agents: Agents, log: Log) {
    this.#agents = agents;
    this.#log = log;
  }

  /**
   * Handles agents that a host could not load; returns whether any went back to an older version.
   */
  notLoaded(failed: readonly FailedAgent[]): boolean {
    let wentBack = false;
    for (const { id, error } of failed) {
      const entry = this.#agents.entries.find((entry) => entry.id === id);
      if (!entry) continue;
      if (this.#agents.goBack(entry, error.message)) wentBack = true;
      else this.fail([entry], error.message);
    }
    return wentBack;
  }

  /** Handles a host that did not start; returns whether any of its agents went back. */
  notUp(entries: readonly AgentEntry[], reason: string): boolean {
    return entries.filter((entry) => this.#agents.goBack(entry, reason)).length > 0;
  }

  /** Marks agents as failed until they have a newer version. */
  fail(entries: readonly AgentEntry[], reason: string): void {
    entries.forEach((entry) => entry.fail(reason));
    this.#report(entries, reason);
  }

  /** Marks agents as refused because a host with their permissions cannot be opened. */
  refuse(entries: readonly AgentEntry[], reason: string): void {
    entries.forEach((entry) => entry.refuse(reason));
    this.#report(entries, reason);
  }

  /**
   * Isolates agents that had open requests, or were loading, when their host stopped responding.
   */
  moveApart(ids: readonly string[]): void {
    for (const entry of this.#agents.entries) {
      if (!ids.includes(entry.id)) continue;
      entry.isApart = true;
      this.#log.warn("agent moves to a process of its own", { agent: entry.id });
    }
  }

  #report(entries: readonly AgentEntry[], reason: string): void {
    for (const { id } of entries) this.#log.error("agent is not available", { agent: id, reason });
  }
}
