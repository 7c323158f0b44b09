/** What a file must export to be an agent, and the messages when it does not. */

import assert from "node:assert/strict";
import { defineAgent, z } from "100ac";
import {
  isManifest,
  normalize,
  readManifest,
  reservedIds,
} from "../../../../core/host/manifest/manifest.ts";
import { AppError } from "../../../../core/errors.ts";

const greet = {
  description: "A greeting for one person",
  input: z.object({ name: z.string() }),
  output: z.object({ greeting: z.string() }),
  run: () => ({ greeting: "" }),
};
const greeter = { id: "greeter", description: "Says hello", capabilities: { greet } };

function problemsOf(exported: unknown): string[] {
  try {
    readManifest(exported, "people/greeter.ts");
  } catch (thrown) {
    assert.ok(thrown instanceof AppError);
    assert.equal(thrown.code, "invalid_manifest");
    const { file, problems } = thrown.details as { file: string; problems: string[] };
    assert.equal(file, "people/greeter.ts");
    const text = `Cannot load agent "people/greeter.ts": ${problems.join("; ")}`;
    assert.equal(thrown.message, text);
    return problems;
  }
  return [];
}

function withCapability(capability: Record<string, unknown>): unknown {
  return { ...greeter, capabilities: { greet: { ...greet, ...capability } } };
}

Deno.test("a manifest describes an agent's capabilities as plain JSON", () => {
  const manifest = readManifest(
    defineAgent({
      ...greeter,
      permissions: { net: ["b.example", "a.example", "b.example"], read: [] },
      config: z.object({ tone: z.string().default("warm") }),
      on: { "person.met": () => {}, "execution.*": () => {} },
    }),
    "greeter.ts",
  );
  assert.deepEqual(structuredClone(manifest), JSON.parse(JSON.stringify(manifest)));
  assert.deepEqual({ ...manifest, capabilities: manifest.capabilities.length }, {
    id: "greeter",
    description: "Says hello",
    permissions: { net: ["a.example", "b.example"] },
    secrets: [],
    isolation: null,
    source: null,
    simulated: false,
    config: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: { tone: { default: "warm", type: "string" } },
      additionalProperties: false,
    },
    collections: [],
    capabilities: 1,
    subscriptions: ["execution.*", "person.met"],
  });
  const [capability] = manifest.capabilities;
  assert.equal(capability?.name, "greet");
  assert.equal(capability?.idempotent, false);
  assert.equal(capability?.input["additionalProperties"], false, "inputs are closed");
  assert.deepEqual(capability?.input["required"], ["name"]);
});

Deno.test("a permission may refer to a configuration field, which must exist", () => {
  const asking = (field: string): unknown => ({
    ...greeter,
    permissions: { read: ["/b", { config: field }, "/a"] },
    config: z.object({ folder: z.string() }),
  });
  const { permissions } = readManifest(asking("folder"), "greeter.ts");
  assert.deepEqual(permissions, { read: ["/a", "/b", { config: "folder" }] });
  assert.deepEqual(problemsOf(asking("foldr")), [
    `permissions.read: names the field "foldr", which config does not have; ` +
    `did you mean "folder"?`,
  ]);
  assert.deepEqual(problemsOf({ ...greeter, permissions: { net: ["a,b", 7, { confg: "x" }] } }), [
    "permissions.net.0: contains a comma",
    "permissions.net.1: invalid input: expected object, received number",
    "permissions.net.2.config: is missing",
  ]);
});

Deno.test("equal permissions have equal JSON, whatever their order", () => {
  const one = normalize({ net: ["b", "a"], env: ["X"], read: [] });
  const two = normalize({ env: ["X", "X"], net: ["a", "b", "a"] });
  assert.equal(JSON.stringify(one), JSON.stringify(two));
  assert.equal(JSON.stringify(one), `{"env":["X"],"net":["a","b"]}`);
});

Deno.test("the error for a file without an agent shows how to export one", () => {
  assert.deepEqual(problemsOf(undefined), [
    "default export: is missing; write `export default defineAgent({ … })`",
  ]);
  for (const exported of [null, 7, "agent", [], () => greeter]) {
    assert.match(problemsOf(exported).join(), /^default export: /);
  }
});

Deno.test("a bad id is refused", () => {
  for (const id of ["", "Greeter", "2nd", "say-hello", "_greeter", "a.b", "ä"]) {
    assert.deepEqual(problemsOf({ ...greeter, id }), ["id: must match [a-z][a-z0-9_]*"], id);
  }
  assert.deepEqual(problemsOf({ ...greeter, id: undefined }), ["id: is missing"]);
});

Deno.test("names reserved for the daemon are refused as ids", () => {
  assert.ok(reservedIds.has("cache") && reservedIds.has("market"));
  for (const id of reservedIds) {
    assert.deepEqual(problemsOf({ ...greeter, id }), ["id: is reserved for the daemon"]);
  }
});

Deno.test("an agent provides the source of its own name alone", () => {
  assert.equal(readManifest({ ...greeter, source: "greeter" }, "greeter.ts").source, "greeter");
  assert.deepEqual(problemsOf({ ...greeter, source: "yahoo" }), [
    `source: is "yahoo"; a source has its agent's id, "greeter"`,
  ]);
  const manifest = readManifest(greeter, "greeter.ts");
  assert.ok(isManifest({ ...manifest, source: "greeter" }));
  assert.ok(!isManifest({ ...manifest, source: "yahoo" }), "nor from a process of its own");
});

Deno.test("a missing part is reported by its key", () => {
  assert.deepEqual(problemsOf(withCapability({ input: undefined })), [
    "capabilities.greet.input: is missing",
  ]);
  assert.deepEqual(problemsOf(withCapability({ output: undefined })), [
    "capabilities.greet.output: is missing",
  ]);
  assert.deepEqual(problemsOf(withCapability({ run: undefined })), [
    "capabilities.greet.run: is missing",
  ]);
  assert.deepEqual(problemsOf({ id: "greeter", description: "d" }), ["capabilities: is missing"]);
});

Deno.test("a part of the wrong type is reported by its key", () => {
  assert.deepEqual(problemsOf(withCapability({ input: z.string() })), [
    "capabilities.greet.input: must be a z.object(…) schema",
  ]);
  assert.deepEqual(problemsOf(withCapability({ output: { type: "string" } })), [
    "capabilities.greet.output: must be a zod schema",
  ]);
  assert.deepEqual(problemsOf({ ...greeter, on: { "a.b": "handler" } }), [
    "on.a.b: must be a function",
  ]);
});

Deno.test("an unknown key is refused", () => {
  assert.deepEqual(problemsOf({ ...greeter, permisions: {} }), [
    "permisions: is not a key of a manifest",
  ]);
  assert.deepEqual(problemsOf(withCapability({ timeout: 3, idempotant: true })), [
    "capabilities.greet.timeout: is not a key of a manifest; " +
    "capabilities.greet.idempotant: is not a key of a manifest",
  ]);
  assert.deepEqual(problemsOf({ ...greeter, permissions: { hrtime: ["x"] } }), [
    "permissions.hrtime: is not a key of a manifest",
  ]);
});

Deno.test("a bad capability name is refused", () => {
  assert.deepEqual(problemsOf({ ...greeter, capabilities: { "say-hello": greet } }), [
    "capabilities.say-hello: must match [a-z][a-z0-9_]*",
  ]);
});

Deno.test("a schema that does not convert to JSON Schema is refused", () => {
  const strange = {
    date: z.date(),
    bigint: z.bigint(),
    map: z.map(z.string(), z.number()),
    set: z.set(z.string()),
    symbol: z.symbol(),
    nothing: z.undefined(),
    transform: z.string().transform(Number),
  };
  for (const [name, schema] of Object.entries(strange)) {
    const problems = problemsOf(withCapability({ output: z.object({ value: schema }) }));
    assert.match(
      problems.join(),
      /^capabilities\.greet\.output: does not convert to JSON Schema \(.+\); use JSON types/,
      name,
    );
  }
  assert.match(problemsOf(withCapability({ input: z.object({ at: z.date() }) })).join(), /input: /);
  assert.match(problemsOf({ ...greeter, config: z.object({ at: z.date() }) }).join(), /^config: /);
});

Deno.test("every problem is reported at once", () => {
  const problems = problemsOf({
    id: "Greeter",
    description: "",
    colour: "red",
    capabilities: { greet: { ...greet, output: undefined } },
  });
  assert.equal(problems.length, 4);
});
