/** JSON Schemas as shapes, those of hostile manifests too. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { misfit } from "../../../../core/workflow/types/fit.ts";
import { shapeOfSchema } from "../../../../core/workflow/types/schema_shape.ts";
import { fieldOf, shapeText } from "../../../../core/workflow/types/shape.ts";

Deno.test("a schema's shape is the kinds that its values may be", () => {
  const cases: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ type: "integer" }, "a number"],
    [{ type: ["string", "null"] }, "text or nothing"],
    [{ enum: ["a", 1, null] }, "text or a number or nothing"],
    [{ const: true }, "true or false"],
    [{ anyOf: [{ type: "array" }, { type: "object" }] }, "a list or a mapping"],
    [{ $ref: "#/$defs/x", $defs: { x: { type: "boolean" } } }, "true or false"],
    [{ $ref: "#/$defs/x" }, "anything"],
    [{ allOf: [{ type: "string" }] }, "anything"],
    [{}, "anything"],
  ];
  for (const [schema, words] of cases) assert.equal(shapeText(shapeOfSchema(schema)), words);
});

Deno.test("a field of a closed mapping is known, of an open one it may be anything", () => {
  const properties = { a: { type: "string" } };
  const closed = shapeOfSchema({ type: "object", properties, additionalProperties: false });
  assert.deepEqual(fieldOf(closed, "b"), { problem: 'has no "b"; known: a' });
  const open = shapeOfSchema({ type: "object", properties });
  assert.deepEqual(fieldOf(open, "b"), { shape: { kind: "any" } });
  const counts = shapeOfSchema({ type: "object", additionalProperties: { type: "number" } });
  assert.deepEqual(fieldOf(counts, "b"), { shape: { kind: "number" } });
});

Deno.test("a schema that multiplies by its references is given up, not followed", () => {
  const many = Array.from({ length: 200 }, () => ({ $ref: "#" }));
  const startedAt = performance.now();
  const loop = shapeOfSchema({ anyOf: [...many, { type: "array", items: { $ref: "#" } }] });
  assert.equal(misfit(loop, loop), undefined);
  assert(performance.now() - startedAt < 5_000);
});

Deno.test("any JSON is taken as a schema without a crash, and fits itself", () => {
  const keys = fc.constantFrom(
    ...["type", "properties", "items", "anyOf", "$ref", "enum", "required", "$defs", "x"],
    ...["additionalProperties", "prefixItems", "const", "oneOf", "patternProperties"],
  );
  const { schema } = fc.letrec<{ schema: unknown }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom("object", "array", "string", "#", "#/$defs/x", true, null, 1),
      fc.dictionary(keys, tie("schema"), { noNullPrototype: true }),
      fc.array(tie("schema"), { maxLength: 3 }),
    ),
  }));
  fc.assert(fc.property(fc.dictionary(keys, schema, { noNullPrototype: true }), (json) => {
    const shape = shapeOfSchema(json);
    assert.equal(typeof shapeText(shape), "string");
    assert.equal(misfit(shape, shape), undefined);
  }));
});
