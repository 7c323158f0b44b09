/**
 * Large results, kept beside the rows of their attempts and compressed, so that rows stay small.
 * A payload is written together with its attempt's end and named like the attempt; it goes with
 * its execution.
 */

import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { ExecutionId } from "../../ids.ts";
import type { Operation } from "../operation.ts";
import type { CompleteStep } from "../operations/steps.ts";
import { attemptKey } from "./keys.ts";

/** Characters of a result that its row holds itself. */
export const inlineLengthMax = 64 * 2 ** 10;

/** The end of an attempt whose result is in a row of its own. */
export interface StoredStep extends CompleteStep {
  readonly resultRef: string;
}

/** A result, under the lease of its execution. */
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

/** What the adapter writes: an operation as it was handed in, or what it has become. */
export type SqliteOperation = Operation | StoredStep | SavePayload;

export function isLarge(operation: Operation): operation is CompleteStep {
  return operation.kind === "complete_step" && (operation.result?.length ?? 0) > inlineLengthMax;
}

/**
 * The operations in their order, with large results taken out and compressed, off this thread;
 * their payloads come after them.
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

/** What {@link packLarge} has packed. */
export async function unpack(body: string): Promise<string> {
  return (await promisify(gunzip)(Buffer.from(body, "base64"))).toString();
}
