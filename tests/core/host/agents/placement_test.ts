/** Where an agent lives: by agents.yaml, by the daemon's setting, by its manifest. */

import assert from "node:assert/strict";
import { AgentEntry } from "../../../../core/host/agents/entry.ts";
import type { Manifest } from "../../../../core/host/manifest/manifest.ts";
import { keyOf, placementOf } from "../../../../core/host/agents/placement.ts";
import type { Origin } from "../../../../core/shipped.ts";
import type { StatedIsolation } from "../../../../core/host/settings/stated.ts";
import { nothingSettled } from "../../../support/operator_settings.ts";

function entryOf(
  isolation: Manifest["isolation"],
  stated?: StatedIsolation,
  id = "one",
): AgentEntry {
  const manifest: Manifest = {
    id,
    description: "d",
    permissions: {},
    secrets: [],
    isolation,
    source: null,
    simulated: false,
    config: null,
    collections: [],
    capabilities: [],
    subscriptions: [],
  };
  const version = { id, file: "one.ts", path: "/one.ts", hash: "1", writtenAtMs: 0, manifest };
  return new AgentEntry({ ...version, settled: { ...nothingSettled, isolation: stated } });
}

Deno.test("agents.yaml counts before the manifest, and that before the daemon's setting", () => {
  const kinds = (manifest: Manifest["isolation"], stated?: StatedIsolation) =>
    (["thread", "process"] as const).map((setting) =>
      placementOf(entryOf(manifest, stated), setting).kind
    );
  assert.deepEqual(kinds(null), ["thread", "process"]);
  assert.deepEqual(kinds("process"), ["process", "process"]);
  assert.deepEqual(kinds("alone"), ["process", "process"]);
  assert.deepEqual(kinds("process", "thread"), ["thread", "thread"]);
  assert.deepEqual(kinds(null, "process"), ["process", "process"]);
  assert.deepEqual(kinds(null, "alone"), ["process", "process"]);
});

Deno.test("by default only what ships with the release lives in a thread", () => {
  const kindOf = (origin: Origin, stated?: StatedIsolation) => {
    const { manifest, settled } = entryOf(null, stated);
    const version = { id: "one", file: "one.ts", path: "/one.ts", hash: "1", writtenAtMs: 0 };
    return placementOf(
      new AgentEntry({
        ...version,
        ...(manifest && { manifest }),
        ...(settled && { settled }),
        origin,
      }),
      "auto",
    ).kind;
  };
  assert.equal(kindOf("shipped"), "thread");
  assert.equal(kindOf("edited"), "process");
  assert.equal(kindOf("yours"), "process");
  assert.equal(kindOf("yours", "thread"), "thread");
  assert.equal(kindOf("shipped", "process"), "process");
});

Deno.test("an agent with isolation alone shares its process with no other", () => {
  const key = (id: string, manifest: Manifest["isolation"], stated?: StatedIsolation) =>
    keyOf(placementOf(entryOf(manifest, stated, id), "thread"));
  assert.equal(key("one", null, "process"), key("two", "process"));
  assert.notEqual(key("one", null, "alone"), key("two", null, "alone"));
  assert.notEqual(key("one", "alone"), key("two", "alone"));
  assert.notEqual(key("one", null, "alone"), key("one", null, "process"));
});

Deno.test("an agent that blocked a host lives apart, whatever agents.yaml says", () => {
  const entry = entryOf(null, "thread");
  entry.isApart = true;
  const { kind, only } = placementOf(entry, "thread");
  assert.deepEqual([kind, only], ["process", "one"]);
});
