/**
 * Large results, compressed and stored apart from the rows of their attempts, so that these rows
 * stay small. A payload is written when its attempt ends, has the attempt's key, and is deleted
 * with its execution.
 */

import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { ExecutionId } from "../../ids.ts";
import type { Operation } from "../operation.ts";
import type { CompleteStep } from "../operations/steps.ts";
import { attemptKey } from "./keys.ts";

/** Results up to this many characters are stored in the row itself. */
export const inlineLengthMax = 64 * 2 ** 10;

/** The end of an attempt whose result has a row of its own. */
export interface StoredStep extends CompleteStep {
  readonly resultRef: string;
}

/** A large result, written under the lease of its execution. */
export interface SavePayload {
  readonly kind: "save_payload";
  readonly payloadId: string;
  readonly executionId: ExecutionId;
  readonly owner: string;
  /** Of the text, in UTF-8. */
  readonly sizeBytes: number;
  /** Gzip, as base64. */
  readonly body: string;
}

/** What the adapter writes: an operation as received, or its packed form. */
export type SqliteOperation = Operation | StoredStep | SavePayload;

export function isLarge(operation: Operation): operation is CompleteStep {
  return operation.kind === "complete_step" && (operation.result?.length ?? 0) > inlineLengthMax;
}

/**
 * Returns the operations in order, with large results compressed off this thread and appended as
 * payloads.
 */
export async function packLarge(
  operations: readonly Operation[],
): Promise<readonly SqliteOperation[]> {
  const payloads: SavePayload[] = [];
  const packed = await Promise.all(operations.map(async (operation): Promise<SqliteOperation> => {
    if (!isLarge(operation)) return operation;
    const { executionId, owner, result } = operation;
    const bytes = Buffer.from(result ?? "");
    const body = (await promisify(gzip)(bytes)).toString("base64");
    const payloadId = attemptKey(operation);
    const sizeBytes = bytes.length;
    payloads.push({ kind: "save_payload", payloadId, executionId, owner, sizeBytes, body });
    return { ...operation, result: null, resultRef: payloadId };
  }));
  return [...packed, ...payloads];
}

/** Decompresses a body from {@link packLarge}. */
export async function unpack(body: string): Promise<string> {
  return (await promisify(gunzip)(Buffer.from(body, "base64"))).toString();
}
