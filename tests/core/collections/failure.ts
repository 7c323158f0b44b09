/** For `assert.rejects`: an error with this code, message and, if given, these details. */

import assert from "node:assert/strict";
import { AppError, type ErrorCode } from "../../../core/errors.ts";

export function failure(code: ErrorCode, message: RegExp, details?: unknown) {
  return (thrown: unknown): boolean => {
    assert.ok(thrown instanceof AppError, String(thrown));
    assert.equal(thrown.code, code);
    assert.match(thrown.message, message);
    if (details !== undefined) assert.deepEqual(thrown.details, details);
    return true;
  };
}
