/**
 * Operations as rows and statements. A statement takes its rows as one JSON array. A long text
 * costs eight times as much inside of it, so each has a statement of its own, which takes it as
 * `?2`.
 */

import type { Statement } from "../database.ts";
import type { Kind, Part } from "../kind.ts";

/** A part, encoded. */
interface EncodedPart {
  readonly kind: Kind;
  readonly row: string;
  readonly text: string | undefined;
}

/** The parts of a call, once encoded. */
export interface Encoded {
  readonly parts: readonly EncodedPart[];
  readonly length: number;
}

/** Encodes operations, given with their kinds. */
export function encode(operations: Iterable<readonly [Kind, unknown]>): Encoded {
  const parts: EncodedPart[] = [];
  let length = 0;
  for (const [kind, operation] of operations) {
    for (const { row, text } of partsOf(kind, operation)) {
      const encoded = { kind, row: rowText(row), text: text && cleaned(text) };
      parts.push(encoded);
      length += encoded.row.length + (text?.length ?? 0);
    }
  }
  return { parts, length };
}

function partsOf(kind: Kind, operation: unknown): readonly Part[] {
  return kind.parts?.(operation as never) ?? [{ row: operation }];
}

/** The statements of one kind, which run in order; rows between long texts share one. */
export function statementsOf(kind: Kind, parts: readonly EncodedPart[]): readonly Statement[] {
  const { sql } = kind;
  const statements: Statement[] = [];
  let rows: string[] = [];
  const add = (rows: readonly string[], text: string | null): void => {
    const json = `[${rows.join(",")}]`;
    statements.push({ sql, args: kind.parts ? [json, text] : [json] });
  };
  for (const { row, text } of parts) {
    if (text === undefined) {
      rows.push(row);
      continue;
    }
    if (rows.length > 0) add(rows, null);
    rows = [];
    add([row], text);
  }
  if (rows.length > 0) add(rows, null);
  return statements;
}

/**
 * The row as JSON, without two escapes that SQLite's JSON functions turn into bad text: NUL ends
 * the text early, and a lone surrogate becomes invalid UTF-8, which makes libSQL end the process on
 * read. U+FFFD replaces both.
 */
function rowText(row: unknown): string {
  const text = JSON.stringify(row);
  if (!/\\u(?:0000|d[89a-f])/.test(text)) return text;
  return JSON.stringify(row, (_, value) => typeof value === "string" ? cleaned(value) : value);
}

function cleaned(text: string): string {
  return text.isWellFormed() && !text.includes("\0")
    ? text
    : text.toWellFormed().replaceAll("\0", "\uFFFD");
}
