/** Agents in real hosts: what a caller gets, whatever the agent does. */

import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { copyOfFolder, makeTempFolder } from "../../support/temp_folder.ts";
import { rogueFolder, Stage } from "./stage.ts";
import { inHost } from "../../support/in_host.ts";

Deno.test("a caller gets a validated answer, or an error with the reason", async (t) => {
  const settings = "rogue: { file: rogue.ts, config: { mood: sunny } }";
  await using folder = await copyOfFolder(rogueFolder, { "agents.yaml": settings });
  await using stage = await Stage.open({ agentsFolder: folder.path });

  await t.step("an answer that uses configuration and defaults", async () => {
    assert.deepEqual(await stage.ask("rogue.echo", { message: "hi" }), {
      message: "hi",
      mood: "sunny",
      agent: "rogue",
    });
  });

  await t.step("an unknown agent or capability, with a suggestion", async () => {
    assert.deepEqual(await stage.failure("rogu.echo"), {
      code: "unknown_agent",
      message: `Cannot invoke "rogu.echo": no agent "rogu"; did you mean "rogue"?`,
    });
    assert.deepEqual(await stage.failure("rogue.eco"), {
      code: "unknown_capability",
      message: `Cannot invoke "rogue.eco": agent "rogue" has no capability "eco"; ` +
        `did you mean "echo"?`,
    });
  });

  await t.step("an invalid input, with each wrong key", async () => {
    assert.deepEqual(await stage.failure("rogue.echo", { message: 7, times: 1.5 }), {
      code: "invalid_input",
      message: `Cannot invoke "rogue.echo": its input is wrong: ` +
        `message: Invalid input: expected string, received number; ` +
        `times: Invalid input: expected int, received number`,
      details: {
        problems: [
          "message: Invalid input: expected string, received number",
          "times: Invalid input: expected int, received number",
        ],
      },
    });
    const { message } = await stage.failure("rogue.echo", { message: "hi", tiems: 2 });
    assert.match(message, /Unrecognized key: "tiems"/, "inputs are closed");
    for (const input of [null, [], "text", 7]) {
      assert.equal((await stage.failure("rogue.echo", input)).code, "invalid_input");
    }
  });

  await t.step("an output that does not fit its schema", async () => {
    assert.deepEqual(await stage.failure("rogue.answer_wrong"), {
      code: "invalid_output",
      message: `Cannot finish request "rogue.answer_wrong": the agent's output does not fit its ` +
        `own schema: price: Invalid input: expected number, received string`,
    });
  });

  await t.step("an output that JSON cannot express", async () => {
    assert.equal(await stage.ask("rogue.answer_nothing"), null);
    assert.equal((await stage.failure("rogue.answer_circle")).code, "agent_error");
    assert.equal(await stage.ask("rogue.answer_nothing"), null, "and the next one");
  });

  await t.step("an AppError, with its code and its details if they are JSON", async () => {
    assert.deepEqual(await stage.failure("rogue.fail"), {
      code: "rate_limited",
      message: "Cannot fetch: too many requests",
      details: { retry_after: 7 },
    });
  });

  await t.step("any other thrown value, as agent_error", async () => {
    assert.deepEqual(await stage.failure("rogue.throw_anything", { text: false }), {
      code: "agent_error",
      message: `Cannot finish request "rogue.throw_anything": x is not a function`,
    });
    assert.deepEqual(await stage.failure("rogue.throw_anything", { text: true }), {
      code: "agent_error",
      message: `Cannot finish request "rogue.throw_anything": a bare string`,
    });
  });

  await t.step("every request and error is counted", () => {
    const entry = stage.hosts.entry("rogue");
    assert.equal(entry?.messages, 14);
    assert.equal(entry?.errors, 11);
    assert.equal(entry?.openCount, 0);
    assert.match(entry?.lastError ?? "", /a bare string$/);
  });
});

Deno.test("an uncaught error of an agent is counted and harms no other agent", async () => {
  await using stage = await Stage.open();
  const entry = stage.hosts.entry("rogue");
  assert.ok(entry);
  const host = stage.hosts.hostOf(entry);
  await stage.ask("rogue.throw_later");
  await eventually(() => entry.errors === 1);
  assert.equal(entry.lastError, "thrown in a timer");
  await stage.ask("rogue.reject_later");
  await eventually(() => entry.errors === 2);
  assert.equal(entry.lastError, "rejected on its own");
  const faults = stage.log.filter(({ message }) => message === "agent fault");
  assert.deepEqual(faults.map(({ agent }) => agent), ["rogue", "rogue"]);
  await stage.ask("rogue.echo", { message: "still here" });
  assert.equal(stage.hosts.hostOf(entry), host, "its host lives");
});

Deno.test("everything an agent logs or prints reaches the daemon's log", async () => {
  await using stage = await Stage.open();
  stage.log.splice(0);
  await stage.ask("rogue.log_anything");
  await eventually(() => stage.log.length === 3);
  const host = "host-1";
  assert.deepEqual(stage.log.map(({ time: _, ...line }) => line), [
    { level: "warn", message: "a function", host, agent: "rogue", fields: { shown: 1 } },
    {
      ...{ level: "error", message: "a number", host, agent: "rogue" },
      fields: { fields: "{ big: 1n }" },
    },
    { level: "info", message: "printed { tell: [Function: tell] }", host, agent: null },
  ]);
});

Deno.test("agents of equal permissions share a host, others have their own", async () => {
  await using stage = await Stage.open();
  await stage.ask("granted.reach", { kind: "env", target: "HOME" });
  await stage.ask("rogue.echo", { message: "hi" });
  const hostOf = (id: string): string | undefined => {
    const entry = stage.hosts.entry(id);
    return entry && stage.hosts.hostOf(entry);
  };
  assert.ok(hostOf("rogue"));
  assert.equal(hostOf("rogue"), hostOf("listener"));
  assert.equal(hostOf("rogue"), hostOf("reacher"));
  assert.ok(hostOf("granted"));
  assert.notEqual(hostOf("granted"), hostOf("rogue"));
  assert.equal(await stage.hosts.ping(5_000), 2);
});

Deno.test("an agent has the permissions it was granted and no others", async (t) => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("served"),
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  await using stage = await Stage.open();

  await t.step("without permissions everything is refused by name", async () => {
    const tries: Record<string, [string, RegExp]> = {
      net: [url, /net access to "127\.0\.0\.1:\d+"/],
      read: ["/etc/passwd", /read access to "\/etc\/passwd"/],
      write: ["/tmp/100ac-forbidden", /write access to "\/tmp\/100ac-forbidden"/],
      env: ["HOME", /env access to "HOME"/],
      sys: ["hostname", /sys access to "hostname"/],
      run: ["true", /run access to "true"/],
      ffi: ["libc.so.6", /ffi access/],
    };
    for (const [kind, [target, pattern]] of Object.entries(tries)) {
      const { code, message } = await stage.failure("reacher.reach", { kind, target });
      assert.equal(code, "agent_error", kind);
      assert.match(message, pattern);
    }
  });

  await t.step("code cannot be imported from elsewhere", async () => {
    for (const source of [`${url}module.ts`, "/etc/passwd"]) {
      const { message } = await stage.failure("reacher.import_code", { url: source });
      assert.match(message, /import access|read access|not allowed|remote/i, source);
    }
  });

  await t.step("a granted host works and other hosts do not", async () => {
    const reach = (kind: string, target: string) => stage.ask("granted.reach", { kind, target });
    assert.deepEqual(await reach("net", url), { found: "served" });
    assert.deepEqual(await reach("env", "HOME"), { found: Deno.env.get("HOME") ?? "" });
    assert.deepEqual(await reach("sys", "hostname"), { found: Deno.hostname() });
    await reach("read", "/etc/hostname");
    for (const [kind, target] of [["env", "PATH"], ["read", "/etc/passwd"], ["write", "/tmp/x"]]) {
      const { message } = await stage.failure("granted.reach", { kind, target });
      assert.match(message, new RegExp(`${kind} access`));
    }
  });
});

Deno.test("grants in agents.yaml replace what the manifest asks for", async () => {
  await using folder = await copyOfFolder(rogueFolder, {
    "agents.yaml": "granted: { file: granted.ts, grants: { net: [], env: [], read: [], sys: [] } }",
  });
  await using stage = await Stage.open({ agentsFolder: folder.path });
  const { message } = await stage.failure("granted.reach", { kind: "env", target: "HOME" });
  assert.match(message, /env access to "HOME"/);
  assert.equal(await stage.hosts.ping(5_000), 1, "and all share one host");
});

Deno.test("an agent whose manifest differs between scan and host is refused", async () => {
  await using stage = await Stage.open();
  assert.deepEqual(await stage.failure("moody.read"), {
    code: "agent_unavailable",
    message: `Cannot invoke "moody.read": agent "moody" is failed: Cannot load agent "moody.ts": ` +
      `its manifest differs from the one that was scanned; ` +
      `a manifest must not depend on when or where it is read`,
  });
  assert.equal(stage.hosts.entry("moody")?.status, "failed");
  await stage.ask("rogue.echo", { message: "its neighbours run" });
});

Deno.test("settings that an agent's schema refuses fail only that agent", async () => {
  const text = agentText(
    "strict",
    `config: z.object({ even: z.int().refine((n) => n % 2 === 0) }),`,
  );
  await using folder = await makeTempFolder({
    "strict.ts": text,
    "neighbour.ts": agentText("neighbour", ""),
    "agents.yaml": "strict: { file: strict.ts, config: { even: 7 } }",
  });
  await using stage = await Stage.open({ agentsFolder: folder.path });
  const { code, message } = await stage.failure("strict.one");
  assert.equal(code, "agent_unavailable");
  assert.match(message, /Cannot configure agent "strict": even: Invalid input/);
  assert.equal(await stage.ask("neighbour.one"), 1);
});

Deno.test("an agent that asks for an impossible grant is not loaded; the others start", async () => {
  await using folder = await makeTempFolder({
    "greedy.ts": agentText(
      "greedy",
      `permissions: { net: ["http://no host/"] }, on: { "a.b"() {} },`,
    ),
    "modest.ts": agentText("modest", ""),
  });
  await using stage = await Stage.open({ agentsFolder: folder.path });
  const greedy = stage.hosts.entries.find(({ file }) => file === "greedy.ts");
  assert.equal(greedy?.status, "failed");
  assert.match(greedy.reason ?? "", /permissions\.net\.0: is not a host or host:port/);
  assert.equal(await stage.ask("modest.one"), 1);
});

Deno.test("a file whose import fails in the host is failed; its neighbours run", async () => {
  const onlyInHost = `if (${inHost}) throw new Error("not in a thread");`;
  await using folder = await makeTempFolder({
    "a.ts": onlyInHost + agentText("a", ""),
    "b.ts": agentText("b", ""),
    "c.ts": "export default {{;",
  });
  await using stage = await Stage.open({ agentsFolder: folder.path });
  assert.match((await stage.failure("a.one")).message, /agent "a": it is failed: not in a thread$/);
  assert.equal(await stage.ask("b.one"), 1);
  const states = stage.hosts.entries.map(({ id, status }) => [id, status]);
  assert.deepEqual(states, [["a", "failed"], ["b", "idle"], ["c.ts", "failed"]]);
});

Deno.test("an agent that subscribes to nothing has no host before its first use", async () => {
  await using folder = await makeTempFolder({ "quiet.ts": agentText("quiet", "") });
  await using stage = await Stage.open({ agentsFolder: folder.path });
  const entry = stage.hosts.entry("quiet");
  assert.ok(entry);
  assert.equal(stage.hosts.hostOf(entry), undefined);
  assert.equal(await stage.ask("quiet.one"), 1);
  assert.ok(stage.hosts.hostOf(entry));
});

Deno.test("the schemas of capabilities are known without a host", async () => {
  await using stage = await Stage.open();
  const { inputSchema } = stage.hosts.capabilities().get("rogue.echo") ?? {};
  assert.deepEqual(inputSchema?.["required"], ["message"]);
  assert.equal(inputSchema?.["additionalProperties"], false);
});

/** An agent with capability `one`; `more` is added to its definition. */
function agentText(id: string, more: string): string {
  return `import { defineAgent, z } from "100ac";
export default defineAgent({
  id: "${id}",
  description: "For tests",
  ${more}
  capabilities: {
    one: { description: "d", input: z.object({}), output: z.number(), run: () => 1 },
  },
});
`;
}
