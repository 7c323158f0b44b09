/** Entries, and the lookup from an address to the agent that serves it. */

import assert from "node:assert/strict";
import type { AgentEntry } from "../../../../core/host/agents/entry.ts";
import { findServing, makeEntries } from "../../../../core/host/agents/directory.ts";
import type { Manifest } from "../../../../core/host/manifest/manifest.ts";
import type { ScanResult } from "../../../../core/host/scan/scan.ts";
import { nothingSettled } from "../../../support/operator_settings.ts";

const settings = {
  settle: () => nothingSettled,
  originOf: () => "yours" as const,
  ownerOf: (id: string) => id === "owned" ? "z.ts" : undefined,
};

function scanned(
  name: string,
  id: string,
  capabilities: readonly string[] = ["fetch"],
): ScanResult {
  const manifest: Manifest = {
    id,
    description: "d",
    permissions: {},
    secrets: [],
    isolation: null,
    source: null,
    simulated: false,
    config: null,
    collections: [],
    capabilities: capabilities.map((name) => ({
      name,
      description: "d",
      idempotent: false,
      input: {},
      output: {},
    })),
    subscriptions: [],
  };
  return { file: { name, path: `/agents/${name}` }, manifest };
}

function failed(name: string, message: string): ScanResult {
  return { file: { name, path: `/agents/${name}` }, error: { code: "invalid_manifest", message } };
}

function read(result: ScanResult) {
  const hash = result.file.name;
  return { result, hash, content: { hash, files: new Map(), writtenAtMs: 0 } };
}

function entriesOf(...results: ScanResult[]): Map<string, AgentEntry> {
  const entries = makeEntries(results.map(read), settings);
  return new Map(entries.map((entry) => [entry.id, entry]));
}

Deno.test("a file without a manifest is listed as failed under its name", () => {
  const entries = entriesOf(failed("data/broken.ts", "why"), scanned("loader.ts", "loader"));
  const broken = entries.get("data/broken.ts");
  assert.equal(broken?.status, "failed");
  assert.equal(broken?.reason, "why");
  assert.equal(entries.get("loader")?.status, "idle");
});

Deno.test("an id declared by two files is refused for both", () => {
  const entries = entriesOf(scanned("a.ts", "loader"), scanned("b.ts", "loader"));
  assert.equal(entries.get("loader"), undefined);
  for (const file of ["a.ts", "b.ts"]) {
    assert.equal(
      entries.get(file)?.reason,
      `Cannot load agent "${file}": id: "loader" is declared by "a.ts", "b.ts", so none of ` +
        `them gets it; choose another id, or name its file in agents.yaml`,
    );
  }
});

Deno.test("an id bound to a file is refused for every other file", () => {
  const entries = entriesOf(scanned("a.ts", "owned"), scanned("z.ts", "owned"));
  assert.equal(entries.get("owned")?.file, "z.ts");
  assert.match(entries.get("a.ts")?.reason ?? "", /id: "owned" belongs to "z.ts"/);
  const alone = entriesOf(scanned("a.ts", "owned"));
  assert.equal(alone.get("a.ts")?.status, "failed", "even while the file is away");
});

Deno.test("an agent with invalid settings is refused with the reason", () => {
  const message = `"mood" must be text, not 7`;
  const [entry] = makeEntries([read(scanned("a.ts", "a"))], {
    ...settings,
    settle: () => ({
      ...nothingSettled,
      problems: [{ path: ["config", "mood"], place: "value", message }],
    }),
  });
  assert.equal(entry?.status, "refused");
  assert.equal(entry?.reason, `Cannot configure agent "a": agents.yaml: ${message}`);
});

Deno.test("an unknown address is refused with a suggestion", () => {
  const entries = entriesOf(
    scanned("loader.ts", "history_loader", ["load_history", "get_bars"]),
    failed("broken.ts", "it does not parse"),
  );
  const refusal = (address: string) => {
    try {
      return findServing(entries, address).entry.id;
    } catch (thrown) {
      const { code, message } = thrown as { code: string; message: string };
      return [code, message];
    }
  };
  assert.equal(refusal("history_loader.get_bars"), "history_loader");
  assert.deepEqual(refusal("histroy_loader.get_bars"), [
    "unknown_agent",
    `Cannot invoke "histroy_loader.get_bars": no agent "histroy_loader"; ` +
    `did you mean "history_loader"?`,
  ]);
  assert.deepEqual(refusal("history_loader.load_histroy"), [
    "unknown_capability",
    `Cannot invoke "history_loader.load_histroy": agent "history_loader" has no capability ` +
    `"load_histroy"; did you mean "load_history"?`,
  ]);
  assert.deepEqual(refusal("history_loader.zzz"), [
    "unknown_capability",
    `Cannot invoke "history_loader.zzz": agent "history_loader" has no capability "zzz"; ` +
    `known: load_history, get_bars`,
  ]);
  for (const address of ["", "history_loader", "a.b.c", ".x", "x."]) {
    assert.equal(refusal(address)[0], "unknown_agent", address);
  }
});

Deno.test("a request to a failed agent is refused with the reason", () => {
  const entries = entriesOf(scanned("a.ts", "loader"));
  const entry = entries.get("loader");
  assert.ok(entry);
  entry.refuse("the daemon cannot grant permissions it does not have");
  assert.throws(() => findServing(entries, "loader.fetch"), {
    code: "agent_unavailable",
    message: `Cannot invoke "loader.fetch": agent "loader" is refused: ` +
      `the daemon cannot grant permissions it does not have`,
  });
});
