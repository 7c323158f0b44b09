/** Where an agent lives: by agents.yaml, by the daemon's setting, by its manifest. */

import assert from "node:assert/strict";
import { AgentEntry } from "../../../../core/host/agents/entry.ts";
import type { Manifest } from "../../../../core/host/manifest/manifest.ts";
import { keyOf, placementOf } from "../../../../core/host/agents/placement.ts";
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

Deno.test("agents.yaml overrides the daemon's setting, which overrides the manifest", () => {
  const kinds = (manifest: Manifest["isolation"], stated?: StatedIsolation) =>
    [false, true].map((forAll) => placementOf(entryOf(manifest, stated), forAll).kind);
  assert.deepEqual(kinds("worker"), ["thread", "process"]);
  assert.deepEqual(kinds("process"), ["process", "process"]);
  assert.deepEqual(kinds("process", "thread"), ["thread", "thread"]);
  assert.deepEqual(kinds("worker", "process"), ["process", "process"]);
  assert.deepEqual(kinds("worker", "alone"), ["process", "process"]);
});

Deno.test("an agent with isolation alone shares its process with no other", () => {
  const key = (id: string, stated: StatedIsolation) =>
    keyOf(placementOf(entryOf("worker", stated, id), false));
  assert.equal(key("one", "process"), key("two", "process"));
  assert.notEqual(key("one", "alone"), key("two", "alone"));
  assert.notEqual(key("one", "alone"), key("one", "process"));
});

Deno.test("an agent that blocked a host lives apart, whatever agents.yaml says", () => {
  const entry = entryOf("worker", "thread");
  entry.isApart = true;
  assert.deepEqual(
    [placementOf(entry, false).kind, placementOf(entry, false).only],
    ["process", "one"],
  );
});
