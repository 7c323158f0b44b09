/** Commits: atomic per call, with a result per operation, in the order of kinds, grouped. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { newExecutionId } from "../../../../core/ids.ts";
import type {
  CreateExecution,
  SaveDefinition,
} from "../../../../core/store/operations/executions.ts";
import type { Store } from "../../../../core/store/store.ts";
import { claim, createdIn, finish, startMs } from "../execution_operations.ts";
import type { Contract } from "./contract.ts";

export function definition(definitionId: string, text = ""): SaveDefinition {
  return { kind: "save_definition", definitionId, workflowName: "w", text, atMs: startMs };
}

/** An operation that always fails: its definition is not stored. */
export function badOperation(): CreateExecution {
  const own = { executionId: newExecutionId(), workflowName: "w", inputParams: "{}", atMs: 0 };
  return { kind: "create_execution", ...own, definitionId: "not stored" };
}

/** The definitions among `ids` that are stored. */
export async function stored(store: Store, ids: readonly string[]): Promise<string[]> {
  const found = await Promise.all(ids.map(async (definitionId) => {
    const text = await store.read({ read: "definition_text", definitionId });
    return text === undefined ? [] : [definitionId];
  }));
  return found.flat();
}

export const commitContract: Contract = {
  "commit() returns for each operation whether it took effect": async ({ store }) => {
    assert.deepEqual(await store.commit([definition("a")]), [true]);
    const id = await createdIn(store);
    const applied = await store.commit([
      definition("a"),
      definition("b"),
      claim(newExecutionId(), "me"),
      claim(id, "me"),
    ]);
    assert.deepEqual(applied, [false, true, false, true]);
  },

  "operations of one kind that share a key in a transaction get the same result": async (
    { store },
  ) => {
    const applied = await Promise.all([
      store.commit([definition("a", "first")]),
      store.commit([definition("a", "second")]),
    ]);
    assert.deepEqual(applied, [[true], [true]]);
    const text = await store.read({ read: "definition_text", definitionId: "a" });
    assert.ok(text === "first" || text === "second");
  },

  "an empty commit resolves at once": async ({ store }) => {
    assert.deepEqual(await store.commit([]), []);
  },

  "kinds run in their own order, whatever the order of the call": async ({ store }) => {
    const executionId = newExecutionId();
    const own = { workflowName: "w", definitionId: "d", atMs: startMs };
    const applied = await store.commit([
      finish(executionId, "me", "completed"),
      claim(executionId, "me"),
      { kind: "create_execution", ...own, executionId, inputParams: "{}" },
      { kind: "save_definition", ...own, text: "" },
    ]);
    assert.deepEqual(applied, [true, true, true, true]);
    assert.equal((await store.read({ read: "execution", id: executionId }))?.status, "completed");
  },

  "the operations of one call succeed or fail together": async ({ store }) => {
    const [neighbour, mixed] = await Promise.allSettled([
      store.commit([definition("a"), definition("b")]),
      store.commit([definition("c"), badOperation(), definition("e")]),
    ]);
    assert.equal(neighbour.status, "fulfilled");
    assert.equal(mixed.status, "rejected");
    assert.deepEqual(await stored(store, ["a", "b", "c", "e"]), ["a", "b"]);
  },

  "each call is stored whole or refused whole": async ({ store }) => {
    let last = 0;
    const call = fc.array(fc.boolean(), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 12 }), async (calls) => {
        const named = calls.map((rows) => rows.map((isGood) => ({ id: `r${++last}`, isGood })));
        const results = await Promise.allSettled(
          named.map((rows) =>
            store.commit(rows.map(({ id, isGood }) => isGood ? definition(id) : badOperation()))
          ),
        );
        for (const [index, rows] of named.entries()) {
          const isWhole = rows.every(({ isGood }) => isGood);
          assert.equal(results[index]?.status, isWhole ? "fulfilled" : "rejected");
          const ids = rows.map(({ id }) => id);
          assert.deepEqual(await stored(store, ids), isWhole ? ids : []);
        }
      }),
      { numRuns: 20 },
    );
  },

  "closing commits pending operations, and a closed store refuses more": async (opened) => {
    const { store } = opened;
    const commit = store.commit([definition("a")]);
    const next = await opened.reopen();
    assert.deepEqual(await commit, [true]);
    assert.deepEqual(await stored(next, ["a"]), ["a"]);
    await assert.rejects(store.commit([definition("b")]), { code: "store_unavailable" });
    await assert.rejects(store.read({ read: "ping" }), { code: "store_unavailable" });
    await store.close();
  },

  "any text is read back as text; NUL and lone surrogates do no harm": async ({ store }) => {
    let last = 0;
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({
        unit: fc.constantFrom("\0", "\ud800", "\udc00", "\\", "u0000", '"', "é", "😀"),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 8 }), async (texts) => {
        const kept = texts.map((text) => definition(`t${++last}`, text));
        await store.commit(kept);
        const found = await Promise.all(
          kept.map(({ definitionId }) => store.read({ read: "definition_text", definitionId })),
        );
        assert.deepEqual(
          found,
          texts.map((text) => text.toWellFormed().replaceAll("\0", "\uFFFD")),
        );
      }),
      { numRuns: 25 },
    );
  },
};
