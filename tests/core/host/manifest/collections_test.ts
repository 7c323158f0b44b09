/** What an agent may declare about its collections. */

import assert from "node:assert/strict";
import { defineAgent, z } from "100ac";
import { readManifest } from "../../../../core/host/manifest/manifest.ts";
import { AppError } from "../../../../core/errors.ts";

const Chain = z.object({
  symbol: z.string(),
  side: z.enum(["call", "put"]),
  strike: z.number(),
  iv: z.number().optional(),
});

function problemsOf(collections: unknown): readonly string[] {
  const exported = { id: "keeper", description: "Keeps", capabilities: {}, collections };
  try {
    readManifest(exported, "keeper.ts");
  } catch (thrown) {
    assert.ok(thrown instanceof AppError && thrown.code === "invalid_manifest");
    return (thrown.details as { problems: readonly string[] }).problems;
  }
  return [];
}

Deno.test("a manifest describes an agent's collections as plain JSON", () => {
  const { collections } = readManifest(
    defineAgent({
      id: "keeper",
      description: "Keeps",
      capabilities: {},
      collections: {
        chains: { key: ["symbol", "side", "strike"], schema: Chain, history: true, retain: "90d" },
        notes: { key: ["symbol"], schema: Chain },
      },
    }),
    "keeper.ts",
  );
  assert.deepEqual(structuredClone(collections), JSON.parse(JSON.stringify(collections)));
  const [chains, notes] = collections;
  assert.deepEqual({ ...chains, schema: Object.keys(chains?.schema["properties"] ?? {}) }, {
    name: "chains",
    key: ["symbol", "side", "strike"],
    schema: ["symbol", "side", "strike", "iv"],
    history: true,
    retainDays: 90,
  });
  assert.deepEqual([notes?.history, notes?.retainDays], [false, null]);
});

Deno.test("a key consists of required fields that are texts or numbers", () => {
  const withKey = (...key: unknown[]) => problemsOf({ chains: { key, schema: Chain } });
  assert.deepEqual(withKey("symbol", "side", "strike"), []);
  assert.deepEqual(withKey("symbl", "iv"), [
    'collections.chains.key: "symbl" must be a required field of the schema',
    'collections.chains.key: "iv" must be a required field of the schema',
  ]);
  assert.deepEqual(withKey("symbol", "symbol"), [
    "collections.chains.key: names a field twice",
  ]);
  assert.match(withKey().join(), /^collections\.chains\.key: must name at least one field/);
  const schema = z.object({ is_open: z.boolean(), any: z.union([z.string(), z.number()]) });
  assert.deepEqual(problemsOf({ days: { key: ["is_open", "any"], schema } }), [
    'collections.days.key: "is_open" must be a text or a number',
    'collections.days.key: "any" must be a text or a number',
  ]);
});

Deno.test("an invalid collection is refused by name", () => {
  const one = { key: ["symbol"], schema: Chain };
  assert.deepEqual(problemsOf({ Chains: one }), ["collections.Chains: must match [a-z][a-z0-9_]*"]);
  for (const retain of ["90", "0d", "3 weeks", "1.5d", 90]) {
    assert.match(
      problemsOf({ chains: { ...one, retain } }).join(),
      /^collections\.chains\.retain: /,
    );
  }
  assert.deepEqual(problemsOf({ chains: { ...one, hystory: true } }), [
    "collections.chains.hystory: is not a key of a manifest",
  ]);
  assert.deepEqual(problemsOf({ chains: { key: ["symbol"], schema: z.string() } }), [
    "collections.chains.schema: must be a z.object(…) schema",
  ]);
  const date = z.object({ symbol: z.string(), at: z.date() });
  const changed = z.object({ symbol: z.string(), n: z.string().transform(Number) });
  for (const schema of [date, changed]) {
    const problems = problemsOf({ chains: { key: ["symbol"], schema } });
    assert.equal(problems.length, 1);
    assert.match(
      problems[0] ?? "",
      /^collections\.chains\.schema: does not convert to JSON Schema/,
    );
  }
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`c${n}`, one]));
  assert.deepEqual(problemsOf(many), ["collections: must hold at most 50 collections"]);
});

Deno.test("the types of collections follow from the declaration", () => {
  defineAgent({
    id: "keeper",
    description: "Keeps",
    collections: { chains: { key: ["symbol", "strike"], schema: Chain } },
    capabilities: {
      look: {
        description: "Looks",
        input: z.object({ symbol: z.string() }),
        output: z.object({ iv: z.number().optional() }),
        async run({ symbol }, ctx) {
          const entry = await ctx.collections.chains.get({ symbol, strike: 1 });
          // @ts-expect-error -- side is no part of the key
          await ctx.collections.chains.get({ symbol, side: "call" });
          // @ts-expect-error -- a value has all its fields
          await ctx.collections.chains.put({ symbol, strike: 1 });
          // @ts-expect-error -- there is no such collection
          ctx.collections.chain;
          return { iv: entry?.value.iv };
        },
      },
    },
  });
  defineAgent({
    id: "keeper",
    description: "Keeps",
    // @ts-expect-error -- the schema has no such field
    collections: { chains: { key: ["symbl"], schema: Chain } },
    capabilities: {},
  });
});
