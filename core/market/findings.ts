/** Stored findings: the data agents save them, people and workflows list them. */

import { z } from "zod";
import type { StoredFinding } from "../store/reads/market.ts";
import type { Store } from "../store/store.ts";
import { Finding, MarketSymbol } from "../sdk/market.ts";

const findingsMax = 5_000;
const listedMax = 1_000;

export const SaveFindings = z.strictObject({ findings: z.array(Finding).max(findingsMax) });

/** Selects the findings to list; newest first. */
export const FindingsQuery = z.strictObject({
  symbol: MarketSymbol.optional(),
  severity: Finding.shape.severity.optional(),
  limit: z.coerce.number().int().min(1).max(listedMax).default(100),
});

/** A finding with the times and the number of its sightings. */
export interface KeptFinding extends Finding {
  readonly agent: string;
  readonly first_seen_at: string;
  readonly last_seen_at: string;
  readonly seen_count: number;
}

/** Findings that were not seen for this long are deleted. */
const keptMs = 365 * 86_400_000;

export class Findings {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async save(findings: readonly Finding[], agent: string): Promise<{ saved: number }> {
    const seen_at = this.#now();
    const saved = await this.#store.commit(findings.map(({ interval, at, ...finding }) => ({
      kind: "save_finding",
      ...finding,
      interval: interval ?? "",
      at: at === null ? 0 : Date.parse(at),
      agent_id: agent,
      seen_at,
    })));
    return { saved: saved.filter(Boolean).length };
  }

  /** Newest first. Input is unchecked JSON. */
  async list(input: unknown): Promise<{ findings: KeptFinding[] }> {
    const query = FindingsQuery.parse(input);
    const findings = await this.#store.read({ read: "findings", ...query });
    return { findings: findings.map(toFinding) };
  }

  /** Deletes findings that were not seen for a year; the daemon calls it periodically. */
  async sweep(): Promise<void> {
    await this.#store.commit([{ kind: "drop_old_findings", before: this.#now() - keptMs }]);
  }
}

function toFinding(stored: StoredFinding): KeptFinding {
  const { interval, at, agent_id, first_seen_at, last_seen_at, seen_count, ...finding } = stored;
  return {
    ...Finding.parse({
      ...finding,
      interval: interval === "" ? null : interval,
      at: at === 0 ? null : new Date(at).toISOString(),
    }),
    agent: agent_id,
    first_seen_at: new Date(first_seen_at).toISOString(),
    last_seen_at: new Date(last_seen_at).toISOString(),
    seen_count,
  };
}
