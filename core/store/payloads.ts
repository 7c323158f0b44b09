/**
 * Large results, kept beside the rows of their attempts and compressed, so that rows stay small.
 * A payload is written together with its attempt's end and named like the attempt; it goes with
 * its execution.
 */

import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { Verb } from "./sqlite/commits.ts";

/** Characters of a result that its row holds itself. */
export const inlineLengthMax = 64 * 2 ** 10;

export interface Packed {
  /** Gzip, as base64. */
  readonly body: string;
  /** Of the text, in UTF-8. */
  readonly sizeBytes: number;
}

/** The text packed, off this thread, where it is too large for a row; null where it is not. */
export async function packLarge(text: string): Promise<Packed | null> {
  if (text.length <= inlineLengthMax) return null;
  const bytes = Buffer.from(text);
  const packed = await promisify(gzip)(bytes);
  return { body: packed.toString("base64"), sizeBytes: bytes.length };
}

/** What {@link packLarge} has packed. */
export async function unpack(body: string): Promise<string> {
  return (await promisify(gunzip)(Buffer.from(body, "base64"))).toString();
}

/** Under the lease of its execution, as the attempt itself is ended. */
export const savePayload: Verb<
  { payload_id: string; execution_id: string; owner: string; size_bytes: number; body: string }
> = {
  name: "save_payload",
  order: 39,
  key: ({ payload_id }) => payload_id,
  sql: `INSERT INTO payloads (payload_id, execution_id, encoding, size_bytes, body)
    SELECT value ->> 'payload_id', value ->> 'execution_id', 'gzip_base64', value ->> 'size_bytes',
      value ->> 'body'
    FROM json_each(?1) AS payload
    JOIN workflow_executions AS execution
      ON execution.execution_id = payload.value ->> 'execution_id'
      AND execution.lease_owner = payload.value ->> 'owner'
    WHERE true
    ON CONFLICT DO NOTHING RETURNING payload_id AS key`,
};
