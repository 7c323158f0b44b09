/** Agents together: requests, events, and cached values. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serveLocally } from "../../../core/bus/local.ts";
import { Cache } from "../../../core/cache/cache.ts";
import { reservedIds } from "../../../core/host/manifest/manifest.ts";
import { openStore } from "../../../core/store/sqlite/open.ts";
import { eventually } from "../../support/eventually.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { Stage } from "./stage.ts";

const migrationsFolder = fileURLToPath(new URL("../../../migrations", import.meta.url));

interface Heard {
  readonly topic: string;
  readonly from: string;
  readonly body: unknown;
}

async function heardBy(stage: Stage, count: number): Promise<Heard[]> {
  return await eventually(async () => {
    const heard = await stage.ask("listener.heard") as Heard[];
    return heard.length >= count && heard;
  });
}

Deno.test("an agent invokes another one through the daemon", async (t) => {
  const callers: string[] = [];
  await using stage = await Stage.open({
    serve: (elsewhere) => (request) => {
      callers.push(request.caller);
      return elsewhere(request);
    },
  });
  const ask = (address: string, input: unknown) => stage.ask("rogue.ask", { address, input });
  const failure = (address: string, input: unknown = {}) =>
    stage.failure("rogue.ask", { address, input });

  await t.step("in another host, under its own name", async () => {
    const input = { kind: "env", target: "HOME" };
    assert.deepEqual(await ask("granted.reach", input), { found: Deno.env.get("HOME") ?? "" });
    assert.deepEqual(callers, ["rogue"]);
  });

  await t.step("in its own host", async () => {
    assert.deepEqual(await ask("rogue.ask", { address: "listener.heard", input: {} }), []);
  });

  await t.step("failures keep their code", async () => {
    assert.equal((await failure("nobody.home")).code, "unknown_agent");
    assert.equal((await failure("rogue.echo")).code, "invalid_input");
    assert.deepEqual((await failure("rogue.fail")).details, { retry_after: 7 });
  });

  await t.step("an answer that does not fit the requested schema is refused", async () => {
    const asked = { address: "rogue.echo", input: { message: "hi" } };
    assert.deepEqual(await stage.failure("rogue.ask_for_number", asked), {
      code: "invalid_output",
      message: `Cannot use the answer of "rogue.echo": it does not fit the requested schema: ` +
        `input: Invalid input: expected number, received object`,
    });
  });

  await t.step("the deadline follows the request", async () => {
    const asked = { address: "rogue.ask", input: { address: "rogue.wait", input: {} } };
    const { code } = await stage.failure("rogue.ask", asked, { timeoutMs: 200 });
    assert.equal(code, "deadline_exceeded");
    const aborted = await eventually(() => stage.events.find((line) => line.includes("aborted")));
    assert.match(aborted, /^rogue\.aborted rogue \{"code":"deadline_exceeded"/);
  });

  await t.step("the cancel follows the request", async () => {
    stage.events.splice(0);
    const abort = new AbortController();
    const asked = { address: "rogue.ask", input: { address: "rogue.wait", input: {} } };
    const cancelled = stage.failure("rogue.ask", asked, {
      timeoutMs: 10_000,
      signal: abort.signal,
    });
    await eventually(() => stage.events.includes("rogue.waiting rogue null"));
    abort.abort();
    assert.equal((await cancelled).code, "cancelled");
    const aborted = await eventually(() => stage.events.find((line) => line.includes("aborted")));
    assert.match(aborted, /^rogue\.aborted rogue \{"code":"cancelled"/);
    await eventually(() => stage.hosts.entries.every(({ openCount }) => openCount === 0));
  });
});

Deno.test("agents receive subscribed events from the daemon and from each other", async () => {
  await using stage = await Stage.open();
  stage.bus.publish("test.published", `{"n":1}`);
  await stage.ask("rogue.publish", { topic: "test.said", body: [2] });
  await stage.ask("rogue.publish", { topic: "rogue.published", body: "to others" });
  await stage.ask("rogue.publish", { topic: "elsewhere.said", body: 4 });
  assert.deepEqual(await heardBy(stage, 3), [
    { topic: "test.published", from: "daemon", body: { n: 1 } },
    { topic: "test.said", from: "rogue", body: [2] },
    { topic: "rogue.published", from: "rogue", body: "to others" },
  ]);
  assert.deepEqual(stage.events, [
    `test.published daemon {"n":1}`,
    "test.said rogue [2]",
    `rogue.published rogue "to others"`,
    "elsewhere.said rogue 4",
  ]);
  assert.equal(stage.hosts.entry("rogue")?.errors, 0, "an agent does not hear itself");
});

Deno.test("a handler that throws or rejects is counted against its agent", async () => {
  await using stage = await Stage.open();
  stage.bus.publish("test.thrown", "null");
  stage.bus.publish("test.rejected", "null");
  const entry = stage.hosts.entry("listener");
  await eventually(() => entry?.errors === 2);
  assert.equal(entry?.lastError, "in its handler of test.rejected: can't stand it");
  assert.equal((await heardBy(stage, 2)).length, 2, "and the agent still hears");
});

Deno.test("a handler may invoke other agents", async () => {
  await using stage = await Stage.open();
  stage.bus.publish("test.asked", "null");
  const heard = await heardBy(stage, 2);
  assert.deepEqual(heard[1], {
    topic: "answer",
    from: "rogue",
    body: { message: "hello", mood: "calm", agent: "rogue" },
  });
});

Deno.test("agents may not publish reserved topics or bodies that are not JSON", async () => {
  await using stage = await Stage.open();
  for (const id of reservedIds) {
    assert.deepEqual(await stage.failure("rogue.publish", { topic: `${id}.done`, body: 1 }), {
      code: "bad_request",
      message:
        `Cannot publish "${id}.done" from agent "rogue": such topics are reserved for the daemon`,
    });
  }
  assert.ok(reservedIds.has("market"), "only who stores market data tells of it");
  await stage.ask("rogue.publish", { topic: "markets.bars_loaded", body: 1 });
  const { code } = await stage.failure("rogue.publish", { topic: "test.nothing" });
  assert.equal(code, "bad_request");
  await eventually(() => stage.events.length === 1);
  assert.deepEqual(stage.events, ["markets.bars_loaded rogue 1"]);
});

Deno.test("an agent's cached values are its own and expire", async () => {
  await using folder = await makeTempFolder();
  const store = await openStore({
    url: `file:${join(folder.path, "test.db")}`,
    migrationsFolder,
    onFatal: (error) => assert.fail(error),
  });
  let nowMs = 1_000_000;
  const cache = new Cache(store, () => nowMs);
  await using stage = await Stage.open({
    serve: (elsewhere) => serveLocally({ cache }, elsewhere),
  });
  const recall = (key: string) => stage.ask("rogue.recall", { key });
  assert.deepEqual(await recall("price"), { value: null });
  await stage.ask("rogue.remember", { key: "price", value: 258.71, ttl_ms: 60_000 });
  assert.deepEqual(await recall("price"), { value: 258.71 });
  await stage.ask("rogue.remember", { key: "name", value: "text", ttl_ms: 60_000 });
  assert.deepEqual(await recall("name"), { value: null }, "a value of another form is no hit");
  nowMs += 60_000;
  assert.deepEqual(await recall("price"), { value: null });
  const { code, message } = await stage.failure("rogue.remember", {
    key: "",
    value: 1,
    ttl_ms: -1,
  });
  assert.equal(code, "invalid_input");
  assert.match(message, /^Cannot invoke "cache\.set": its input is wrong: key: .*; ttl_ms: /);
  await store.close();
});
