/** The schema that editors check workflow files with. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { editorSchema } from "../../../../core/workflow/form/editor_schema.ts";
import { schemaFile, schemaText } from "../../../support/workflow_schema.ts";

const folder = new URL("../../../../workflows/", import.meta.url);

Deno.test("workflows/schema.json is what the form of workflows gives", async () => {
  const kept = await Deno.readTextFile(schemaFile);
  assert.equal(kept, schemaText(), "run `deno task workflows:schema`");
});

Deno.test("the schema takes every workflow of the folder, and refuses unknown keys", async () => {
  const schema = z.fromJSONSchema(editorSchema() as z.core.JSONSchema.JSONSchema);
  let count = 0;
  for await (const { name } of Deno.readDir(fileURLToPath(folder))) {
    if (!name.endsWith(".yaml")) continue;
    const file: unknown = parse(await Deno.readTextFile(new URL(name, folder)));
    assert.equal(schema.safeParse(file).error, undefined, name);
    count++;
  }
  assert(count >= 4);
  const step = { name: "s", agent: "a", capability: "c" };
  const cases: readonly (readonly [unknown, boolean])[] = [
    [{ name: "w", steps: [step] }, true],
    [{ name: "w", schedule: { every: "5m" }, steps: [step] }, true],
    [{ name: "w", schedule: [{ every: 60 }], steps: [{ ...step, for_each: [1] }] }, true],
    [{ name: "w", steps: [{ ...step, for_each: { items: "x", max_parallel: 2 } }] }, true],
    [{ workflows: [{ name: "w", steps: [step] }] }, true],
    [{ name: "w", step: [step] }, false],
    [{ name: "w", steps: [{ ...step, retries: 1 }] }, false],
    [{ name: "W", steps: [step] }, false],
    [{ workflows: [{ name: "w", steps: [] }] }, false],
  ];
  for (const [file, isRight] of cases) {
    assert.equal(schema.safeParse(file).success, isRight, JSON.stringify(file));
  }
});
