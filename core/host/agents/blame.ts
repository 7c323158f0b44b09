/**
 * What a host's fault means for its agents. A version that a host can't load goes back to the one
 * before it; where that is not possible the agent fails. An agent that took its neighbours down
 * with it moves to a process of its own.
 */

import type { Log } from "../../log.ts";
import type { AgentEntry } from "./entry.ts";
import type { FailedAgent } from "../control.ts";

/** The agents that are hosted. */
export interface Agents {
  /** Every one as it is now. */
  readonly entries: readonly AgentEntry[];
  /** Puts the version before this one in its place; false when it has none to go back to. */
  goBack(entry: AgentEntry, reason: string): boolean;
}

export class Blame {
  readonly #agents: Agents;
  readonly #log: Log;

  constructor(agents: Agents, log: Log) {
    this.#agents = agents;
    this.#log = log;
  }

  /** A host could not load these; true when one of them went back. */
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

  /** A host with these did not come up; true when one of them went back. */
  notUp(entries: readonly AgentEntry[], reason: string): boolean {
    return entries.filter((entry) => this.#agents.goBack(entry, reason)).length > 0;
  }

  /** Nothing helps: they can't be used until a newer version is there. */
  fail(entries: readonly AgentEntry[], reason: string): void {
    entries.forEach((entry) => entry.fail(reason));
    this.#report(entries, reason);
  }

  /** A host with what they ask for can't be opened. */
  refuse(entries: readonly AgentEntry[], reason: string): void {
    entries.forEach((entry) => entry.refuse(reason));
    this.#report(entries, reason);
  }

  /** The agents that were being asked, or imported, as their host stopped answering. */
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
