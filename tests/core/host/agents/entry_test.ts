import assert from "node:assert/strict";
import { AgentEntry } from "../../../../core/host/agents/entry.ts";

function entry(): AgentEntry {
  return new AgentEntry({ id: "a", file: "a.ts", path: "/a.ts", hash: "h", writtenAtMs: 0 });
}

Deno.test("an agent is busy from its first open request to the end of its last", () => {
  const agent = entry();
  const seen = [agent.status];
  for (const step of ["begin", "begin", "end", "end"] as const) {
    agent[step]();
    seen.push(agent.status);
  }
  assert.deepEqual(seen, ["idle", "busy", "busy", "busy", "idle"]);
  assert.equal(agent.messages, 2);
});

Deno.test("an agent that fails while busy stays failed when its requests end", () => {
  const agent = entry();
  agent.begin();
  agent.fail("its host was lost");
  assert.deepEqual([agent.status, agent.reason, agent.isServing], [
    "failed",
    "its host was lost",
    false,
  ]);
  agent.end();
  assert.deepEqual([agent.status, agent.openCount], ["failed", 0]);
});

Deno.test("the last of several failure reasons counts", () => {
  const agent = entry();
  agent.fail("first");
  agent.refuse("second");
  assert.deepEqual([agent.status, agent.reason], ["refused", "second"]);
});

Deno.test("a failed version stays failed until it is stopped", () => {
  const agent = entry();
  agent.fail("it throws");
  agent.begin();
  assert.equal(agent.status, "failed");
  assert.throws(() => agent.serveFrom("/copy/a.ts", "newer is broken"), /Cannot make agent "a"/);
});

Deno.test("a stopped version neither fails nor is refused", () => {
  const agent = entry();
  agent.stop();
  assert.throws(() => agent.fail("why"), {
    message: 'Cannot make agent "a" failed: it is stopped',
  });
  assert.equal(agent.status, "stopped");
});

Deno.test("a stopped version serves again from its copy, busy while old requests are open", () => {
  const agent = entry();
  agent.begin();
  agent.stop();
  assert.equal(agent.isServing, false);
  agent.serveFrom("/copy/a.ts", "newer is broken");
  assert.deepEqual([agent.status, agent.path, agent.reason], [
    "busy",
    "/copy/a.ts",
    "newer is broken",
  ]);
  agent.end();
  assert.deepEqual([agent.status, agent.reason], ["idle", "newer is broken"]);
});
