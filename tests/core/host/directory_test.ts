/** Entries and the way from an address to the agent that serves it. */

import assert from "node:assert/strict";
import type { AgentEntry } from "../../../core/host/agent_entry.ts";
import { findServing, makeEntries } from "../../../core/host/directory.ts";
import type { Manifest } from "../../../core/host/manifest.ts";
import type { ScanResult } from "../../../core/host/scan/scan.ts";

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
    isolation: "worker",
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
  const entries = makeEntries(results.map(read), ({ permissions }) => permissions);
  return new Map(entries.map((entry) => [entry.id, entry]));
}

Deno.test("a file without a manifest is listed as failed under its name", () => {
  const entries = entriesOf(failed("data/broken.ts", "why"), scanned("loader.ts", "loader"));
  const broken = entries.get("data/broken.ts");
  assert.equal(broken?.status, "failed");
  assert.equal(broken?.reason, "why");
  assert.equal(entries.get("loader")?.status, "idle");
});

Deno.test("an id that two files claim belongs to the first", () => {
  const entries = entriesOf(scanned("a.ts", "loader"), scanned("b.ts", "loader"));
  assert.equal(entries.get("loader")?.file, "a.ts");
  assert.equal(
    entries.get("b.ts")?.reason,
    `Cannot load agent "b.ts": id: "loader" is taken by "a.ts", ` +
      `so all its capabilities are duplicates; choose another id`,
  );
});

Deno.test("what an agent is granted may differ from what it asks for", () => {
  const [entry] = makeEntries([read(scanned("a.ts", "a"))], () => ({ net: ["127.0.0.1:1"] }));
  assert.deepEqual(entry?.grants, { net: ["127.0.0.1:1"] });
});

Deno.test("an address that nobody serves is refused with the nearest name", () => {
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
    `it knows load_history, get_bars`,
  ]);
  for (const address of ["", "history_loader", "a.b.c", ".x", "x."]) {
    assert.equal(refusal(address)[0], "unknown_agent", address);
  }
});

Deno.test("an agent that failed is unavailable, and says why", () => {
  const entries = entriesOf(scanned("a.ts", "loader"));
  const entry = entries.get("loader");
  assert.ok(entry);
  entry.refuse("the daemon can't grant what it does not have");
  assert.throws(() => findServing(entries, "loader.fetch"), {
    code: "agent_unavailable",
    message: `Cannot invoke "loader.fetch": agent "loader" is refused: ` +
      `the daemon can't grant what it does not have`,
  });
});
