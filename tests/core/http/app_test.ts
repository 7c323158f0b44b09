/** The control plane's routes, gate and problem answers, on a real daemon, without a socket. */

import assert from "node:assert/strict";
import type { AgentView } from "../../../core/http/agents_api.ts";
import type { ExecutionView, ProblemAnswer } from "../../../core/http/api.ts";
import { createApp } from "../../../core/http/app.ts";
import { shippedAgents } from "../../../core/shipped.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestDaemon, type TestDaemon } from "../../support/test_daemon.ts";

function requester({ daemon }: TestDaemon): (
  path: string,
  init?: RequestInit & { readonly token?: string | null },
) => Promise<Response> {
  const app = createApp(daemon.plane);
  return async (path, { token = daemon.token, ...init } = {}) => {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    return await app.request(path, { ...init, headers });
  };
}

async function problemOf(response: Response): Promise<ProblemAnswer> {
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem = await response.json() as ProblemAnswer;
  assert.equal(problem.status, response.status);
  return problem;
}

Deno.test("the gate lets nobody in without the token, but to /health", async (t) => {
  await using daemon = await startTestDaemon();
  const request = requester(daemon);

  await t.step("health is open", async () => {
    const response = await request("/health", { token: null });
    assert.deepEqual(await response.json(), { status: "ok", version: daemon.daemon.plane.version });
  });
  for (const path of ["/", "/api/v1/agents", "/api/v1/system", "/api/v1/nonsense", "/nonsense"]) {
    await t.step(`${path} is closed without a token and with a wrong one`, async () => {
      for (const token of [null, "", "wrong", `${daemon.daemon.token}x`]) {
        const problem = await problemOf(await request(path, { token }));
        assert.equal(problem.code, "unauthenticated");
      }
    });
  }
  await t.step("a browser that is shut out is told how to come in", async () => {
    for (const path of ["/", "/login?once=used"]) {
      const response = await request(path, { token: null, headers: { accept: "text/html,*/*" } });
      assert.equal(response.status, 401);
      assert.match(await response.text(), /system link/);
    }
  });
  await t.step("a link opens one session, once, and only for reading", async () => {
    const made = await (await request("/api/v1/login_links", { method: "POST" })).json();
    const { pathname, search } = new URL(made.url);
    const login = await request(pathname + search, { token: null });
    assert.equal(login.status, 302);
    const cookie = login.headers.get("set-cookie") ?? "";
    assert.match(cookie, /HttpOnly/);
    assert.match(cookie, /SameSite=Lax/);
    const [session = ""] = cookie.split(";");

    const page = await request("/", { token: null, headers: { cookie: session } });
    assert.equal(page.status, 200);
    assert.match(await page.text(), /test_agent/);
    const write = await request("/api/v1/workflows/simple_test/executions", {
      token: null,
      method: "POST",
      headers: { cookie: session },
    });
    assert.equal((await problemOf(write)).code, "unauthenticated");
    const again = await request(pathname + search, { token: null });
    assert.equal((await problemOf(again)).code, "unauthenticated");
  });
  await t.step("the token is in the data folder, for its owner alone", async () => {
    const path = `${daemon.daemon.plane.config.dataFolder}/token`;
    assert.equal((await Deno.readTextFile(path)).trim(), daemon.daemon.token);
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("every route answers with its view, or with a problem that says what and where", async (t) => {
  await using daemon = await startTestDaemon();
  const request = requester(daemon);

  await t.step("agents are listed and shown", async () => {
    const { agents } = await (await request("/api/v1/agents")).json();
    const ids = agents.map(({ id }: AgentView) => id).sort();
    assert.deepEqual(
      ids.filter((id: string) => !id.includes(".")),
      Object.keys(shippedAgents).sort(),
    );
    const agent = await (await request("/api/v1/agents/test_agent")).json() as AgentView;
    assert.equal(agent.status, "idle");
    assert.deepEqual(agent.capabilities.map(({ name }) => name), ["echo", "add"]);
  });
  await t.step("an unknown agent, workflow, execution and route are told apart", async () => {
    const cases = [
      ["/api/v1/agents/test_agnt", "unknown_agent", /did you mean "test_agent"/],
      ["/api/v1/workflows/simple_tst", "unknown_workflow", /did you mean "simple_test"/],
      ["/api/v1/workflows/nonsense/statistics", "unknown_workflow", /"nonsense"/],
      ["/api/v1/executions?workflow=nonsense", "unknown_workflow", /"nonsense"/],
      ["/api/v1/executions/nonsense", "unknown_execution", /"nonsense"/],
      ["/api/v1/executions/nonsense/events", "unknown_execution", /"nonsense"/],
      ["/api/v1/nonsense", "unknown_route", /\/api\/v1\/nonsense/],
      ["/api/v1/executions?limit=0", "invalid_input", /from 1 to 1000/],
    ] as const;
    for (const [path, code, words] of cases) {
      const problem = await problemOf(await request(path));
      assert.equal(problem.code, code);
      assert.match(problem.detail, words);
    }
  });
  await t.step("a workflow takes no inputs, and says so", async () => {
    const path = "/api/v1/workflows/simple_test/executions";
    for (const body of ['{"symbol":"AAPL"}', "[]", "x", "{"]) {
      const problem = await problemOf(await request(path, { method: "POST", body }));
      assert.equal(problem.code, "invalid_input");
    }
    assert.deepEqual((await (await request("/api/v1/executions")).json()).executions, []);
  });
  await t.step("a body over a megabyte is refused", async () => {
    const body = " ".repeat(1024 * 1024 + 1);
    const path = "/api/v1/workflows/simple_test/executions";
    assert.equal((await request(path, { method: "POST", body })).status, 400);
  });
  await t.step("system status and health look at every part", async () => {
    const system = await (await request("/api/v1/system")).json();
    assert.equal(system.status, "ok");
    assert.equal(system.market_data, "simulated");
    const health = await (await request("/api/v1/system/health")).json();
    assert.deepEqual(
      health.checks.map(({ name, ok }: { name: string; ok: boolean }) => [name, ok]),
      [["store", true], ["agents", true], ["bus", true], ["workflows", true]],
    );
  });
});

Deno.test("an execution's event stream tells where it stands until its end", async () => {
  await using daemon = await startTestDaemon();
  const started = await daemon.api("/workflows/simple_test/executions", { method: "POST" });
  assert.equal(started.status, 202);
  const { execution_id: id, status } = await started.json() as ExecutionView;
  assert.equal(status, "pending");
  const stream = await (await daemon.api(`/executions/${id}/events`)).text();
  const events = stream.split("\n").filter((line) => line.startsWith("data: "))
    .map((line) => JSON.parse(line.slice("data: ".length)).execution as ExecutionView);
  const last = events.at(-1);
  assert.equal(last?.status, "completed");
  assert.deepEqual(last?.steps?.map(({ name, result }) => [name, result]), [
    ["echo_test", { message: "Hello from workflow!" }],
    ["add_numbers", { result: 42 }],
  ]);
});

Deno.test("a stream that nobody reads keeps one view, and still ends with the last", async () => {
  await using daemon = await startTestDaemon();
  const request = requester(daemon);
  const response = await request("/api/v1/workflows/daily_market_snapshot/executions", {
    method: "POST",
  });
  const { execution_id: id } = await response.json() as ExecutionView;
  const stream = await request(`/api/v1/executions/${id}/events`);
  await eventually(async () => {
    const { status } = await (await request(`/api/v1/executions/${id}`)).json() as ExecutionView;
    return status === "completed" ? true : undefined;
  });
  const statuses = [...(await stream.text()).matchAll(/^data: .*?"status":"(\w+)"/gm)]
    .map(([, status]) => status);
  assert.ok(statuses.length <= 2, `${statuses}`);
  assert.equal(statuses.at(-1), "completed");
});

Deno.test("a sender that goes away in the middle of a body is no failure of the daemon", async () => {
  await using daemon = await startTestDaemon();
  const { hostname, port } = new URL(daemon.daemon.url);
  const sender = await Deno.connect({ hostname, port: Number(port) });
  const head = "POST /api/v1/workflows/simple_test/executions HTTP/1.1\r\nhost: test\r\n" +
    `authorization: Bearer ${daemon.daemon.token}\r\ncontent-length: 100\r\n\r\n{`;
  await sender.write(new TextEncoder().encode(head));
  // An answer to another request says that this one has been taken up.
  await (await daemon.api("/agents")).text();
  sender.close();
  for (let times = 0; times < 3; times++) await (await daemon.api("/agents")).text();
  assert.deepEqual(daemon.log.filter((line) => line.includes('"level":"error"')), []);
});

Deno.test("cancelling an ended execution is a conflict, an unknown one is not found", async () => {
  await using daemon = await startTestDaemon();
  const { execution_id: id } = await daemon.run("simple_test");
  const ended = await problemOf(await daemon.api(`/executions/${id}/cancel`, { method: "POST" }));
  assert.equal(ended.code, "conflict");
  const none = await problemOf(await daemon.api("/executions/none/cancel", { method: "POST" }));
  assert.equal(none.code, "unknown_execution");
});

Deno.test("a stopping daemon ends open event streams", async () => {
  const daemon = await startTestDaemon();
  const ended = await daemon.run("simple_test");
  const response = await daemon.api(`/executions/${ended.execution_id}/events`);
  await response.text();
  await daemon[Symbol.asyncDispose]();
});
