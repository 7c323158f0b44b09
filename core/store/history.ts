/** Executions newest first, page by page. */

import type { ExecutionId } from "../ids.ts";
import { executionColumns, type ExecutionRow, toExecution } from "./executions.ts";
import type { Store } from "./store.ts";
import type { ExecutionStatus } from "../statuses.ts";

export interface HistoryFilter {
  readonly workflow?: string | undefined;
  readonly status?: ExecutionStatus | undefined;
  /** Those that are older than this one: the last of the page before. */
  readonly before?: ExecutionId | undefined;
  readonly limit: number;
}

/**
 * One page. Ids sort by creation, so what is started meanwhile moves no page.
 * @throws {AppError} `store_unavailable`, `overloaded`.
 */
export async function readHistory(
  { database, reader }: Pick<Store, "database" | "reader">,
  { workflow, status, before, limit }: HistoryFilter,
): Promise<ExecutionRow[]> {
  const wanted = [
    ["workflow_name = ?", workflow],
    ["status = ?", status],
    ["execution_id < ?", before],
  ].filter(([, value]) => value !== undefined);
  const where = wanted.map(([condition]) => condition).join(" AND ") || "true";
  // The few of a rare status may lie far back: that walk is not for the daemon's thread.
  const source = status === undefined ? database : reader;
  const rows = await source.read(
    `SELECT ${executionColumns} FROM workflow_executions WHERE ${where}
     ORDER BY execution_id DESC LIMIT ?`,
    [...wanted.map(([, value]) => value ?? null), limit],
  );
  return rows.map(toExecution);
}
