/** Findings as they are kept: saved by the data agents, listed for people and workflows. */

import { z } from "zod";
import { type Verb, write } from "../store/sqlite/commits.ts";
import type { Row } from "../store/sqlite/database.ts";
import type { Store } from "../store/store.ts";
import { Finding, MarketSymbol } from "../sdk/market.ts";
import { saveFinding } from "./tables.ts";

const findingsMax = 5_000;
const listedMax = 1_000;

const SaveFindings = z.strictObject({ findings: z.array(Finding).max(findingsMax) });

/** Which findings to list; newest first. */
export const FindingsQuery = z.strictObject({
  symbol: MarketSymbol.optional(),
  severity: Finding.shape.severity.optional(),
  limit: z.coerce.number().int().min(1).max(listedMax).default(100),
});

/** A finding with when and how often it was met. */
export interface KeptFinding extends Finding {
  readonly agent: string;
  readonly first_seen_at: string;
  readonly last_seen_at: string;
  readonly seen_count: number;
}

/** Findings kept longer than this without being met again are history enough. */
const keptMs = 365 * 86_400_000;

const dropOldFindings: Verb<{ readonly before: number }> = {
  name: "drop_old_findings",
  order: 99,
  key: ({ before }) => String(before),
  sql: `DELETE FROM data_quality_log
    WHERE last_seen_at < (SELECT max(value ->> 'before') FROM json_each(?1))
    RETURNING id AS key`,
};

export class Findings {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Input is unchecked JSON. */
  async save(input: unknown, agent: string): Promise<{ saved: number }> {
    const { findings } = SaveFindings.parse(input);
    const seen_at = this.#now();
    const rows = findings.map(({ interval, at, ...finding }) =>
      write(saveFinding, {
        ...finding,
        interval: interval ?? "",
        at: at === null ? 0 : Date.parse(at),
        agent_id: agent,
        seen_at,
      })
    );
    return { saved: (await this.#store.commits.commit(rows)).filter(Boolean).length };
  }

  /** Newest first. Input is unchecked JSON. */
  async list(input: unknown): Promise<{ findings: KeptFinding[] }> {
    const { symbol, severity, limit } = FindingsQuery.parse(input);
    const rows = await this.#store.database.read(
      `SELECT * FROM data_quality_log
       WHERE (?1 IS NULL OR symbol = ?1) AND (?2 IS NULL OR severity = ?2)
       ORDER BY last_seen_at DESC, id DESC LIMIT ?3`,
      [symbol ?? null, severity ?? null, limit],
    );
    return { findings: rows.map(toFinding) };
  }

  /** Forgets what was not met for a year; called now and then by the daemon. */
  async sweep(): Promise<void> {
    await this.#store.commits.commit([write(dropOldFindings, { before: this.#now() - keptMs })]);
  }
}

function toFinding(row: Row): KeptFinding {
  const finding = Finding.parse({
    rule: row.rule,
    severity: row.severity,
    symbol: row.symbol,
    interval: row.interval === "" ? null : row.interval,
    at: row.at === 0 ? null : new Date(Number(row.at)).toISOString(),
    message: row.message,
    source: row.source,
  });
  return {
    ...finding,
    agent: String(row.agent_id),
    first_seen_at: new Date(Number(row.first_seen_at)).toISOString(),
    last_seen_at: new Date(Number(row.last_seen_at)).toISOString(),
    seen_count: Number(row.seen_count),
  };
}
