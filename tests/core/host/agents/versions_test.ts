import assert from "node:assert/strict";
import { join } from "node:path";
import type { AgentEntry } from "../../../../core/host/agents/entry.ts";
import { makeEntries } from "../../../../core/host/agents/directory.ts";
import type { Manifest } from "../../../../core/host/manifest/manifest.ts";
import type { ReadFile } from "../../../../core/host/scan/agent_files.ts";
import { KeptVersions } from "../../../../core/host/scan/kept_versions.ts";
import { Versions } from "../../../../core/host/agents/versions.ts";
import { createLog } from "../../../../core/log.ts";
import { nothingSettled } from "../../../support/operator_settings.ts";
import { makeTempFolder, type TempFolder } from "../../../support/temp_folder.ts";

const manifest: Manifest = {
  id: "changing",
  description: "d",
  permissions: {},
  secrets: [],
  isolation: null,
  source: null,
  simulated: false,
  config: null,
  collections: [],
  capabilities: [],
  subscriptions: [],
};

/** The file in its `version`; a broken version has no manifest. */
function read(version: number, isBroken = false): ReadFile[] {
  const file = { name: "a.ts", path: "/agents/a.ts" };
  const hash = String(version).padStart(64, "0");
  const error = { code: "invalid_manifest" as const, message: "it is broken" };
  return [{
    result: isBroken ? { file, error } : { file, manifest },
    hash,
    content: { hash, files: new Map(), writtenAtMs: version },
  }];
}

function versionsIn(folder: TempFolder): Versions {
  return new Versions({
    kept: new KeptVersions(join(folder.path, "kept")),
    readable: [],
    toEntries: (read) =>
      makeEntries(read, {
        settle: () => nothingSettled,
        ownerOf: () => undefined,
        originOf: () => "yours",
      }),
    signal: new AbortController().signal,
    log: createLog({ threshold: "off", write: () => undefined, pretty: false }),
  });
}

function serving({ byId }: Versions): AgentEntry {
  const entry = byId.get("changing");
  assert.ok(entry?.isServing);
  return entry;
}

Deno.test("a newer version replaces the one before, which is stopped", async () => {
  await using folder = await makeTempFolder({});
  const versions = versionsIn(folder);
  await versions.take(read(1), undefined);
  const first = serving(versions);
  first.noteError("once");
  const change = await versions.take(read(2), undefined);
  assert.deepEqual([first.status, serving(versions).writtenAtMs], ["stopped", 2]);
  assert.equal(serving(versions).errors, 1, "it counts on");
  assert.deepEqual([...change?.files ?? []], ["a.ts"]);
});

Deno.test("when a version does not load, a copy of the one before it serves", async () => {
  await using folder = await makeTempFolder({});
  const versions = versionsIn(folder);
  await versions.take(read(1), undefined);
  await versions.take(read(2, true), undefined);
  const { status, path, reason } = serving(versions);
  assert.deepEqual([status, reason], ["idle", "it is broken"]);
  assert.ok(path.startsWith(folder.path), path);
});

Deno.test("a version goes back once, and never after a host has loaded it", async () => {
  await using folder = await makeTempFolder({});
  const versions = versionsIn(folder);
  await versions.take(read(1), undefined);
  const first = serving(versions);
  await versions.take(read(2), undefined);
  const second = serving(versions);
  assert.equal(versions.goBack(second, "its import throws"), true);
  assert.deepEqual([serving(versions), second.status], [first, "stopped"]);
  assert.equal(versions.goBack(first, "it throws as well"), false);
  await versions.take(read(3), undefined);
  serving(versions).isProven = true;
  assert.equal(versions.goBack(serving(versions), "too late"), false);
});

Deno.test("a version that goes back while the folder is read stays gone", async () => {
  await using folder = await makeTempFolder({});
  const versions = versionsIn(folder);
  await versions.take(read(1), undefined);
  const first = serving(versions);
  await versions.take(read(2), undefined);
  const looking = versions.take(read(2), undefined);
  assert.equal(versions.goBack(serving(versions), "its import throws"), true);
  await looking;
  assert.equal(serving(versions), first);
});
