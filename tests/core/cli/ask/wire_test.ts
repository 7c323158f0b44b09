import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Client } from "../../../../core/cli/ask/client.ts";
import { Wire } from "../../../../core/cli/ask/wire.ts";
import { anAgent, anExecution, type FakeDaemon, problem, startFakeDaemon } from "../fake_daemon.ts";

interface Other {
  readonly token?: string | undefined;
  readonly answerMsMax?: number;
}

function wireTo({ url, token }: Pick<FakeDaemon, "url" | "token">, other: Other = {}): Wire {
  const connection = { url, token, isLocal: true, tokenSource: "./data/token", ...other };
  return new Wire(connection, { startHint: "deno task start", ...other });
}

Deno.test("Client asks the routes of the contract, names escaped", async () => {
  const execution = anExecution();
  await using daemon = startFakeDaemon({
    "GET /agents": () => Response.json({ agents: [anAgent()] }),
    "GET /agents/a%2Fb%20c": () => Response.json(anAgent()),
    "POST /workflows/simple_test/executions": () => Response.json(execution, { status: 202 }),
    "GET /executions": () => Response.json({ executions: [execution] }),
  });
  using wire = wireTo(daemon);
  const client = new Client(wire);
  assert.deepEqual(await client.agents(), { agents: [anAgent()] });
  await client.agent("a/b c");
  assert.deepEqual(await client.start("simple_test"), execution);
  await client.executions();
  await client.executions({ workflow: "a&b", limit: 5 });
  assert.deepEqual(daemon.asked, [
    "GET /agents",
    "GET /agents/a%2Fb%20c",
    "POST /workflows/simple_test/executions",
    "GET /executions",
    "GET /executions?workflow=a%26b&limit=5",
  ]);
});

Deno.test("Wire passes the daemon's refusal on with its code, words and details", async () => {
  await using daemon = startFakeDaemon({
    "GET /agents": () => problem("unknown_agent", 'Cannot show agent "x": there is none', 404),
  });
  using wire = wireTo(daemon);
  await assert.rejects(wire.ask("GET", "/agents"), {
    code: "unknown_agent",
    message: 'Cannot show agent "x": there is none',
  });
});

Deno.test("Wire says where a token was looked for, or that it is the wrong one", async () => {
  await using daemon = startFakeDaemon({});
  for (
    const [token, found] of [
      [undefined, "it requires a token, and none was found in ./data/token; set AC100_TOKEN"],
      ["wrong", "it rejects the token from ./data/token; set AC100_TOKEN"],
    ] as const
  ) {
    using wire = wireTo(daemon, { token });
    await assert.rejects(wire.ask("GET", "/agents"), (error: Error) => {
      assert.ok(error.message.includes(found), error.message);
      return "code" in error && error.code === "unauthenticated";
    });
  }
});

Deno.test("Wire tells a stranger from a daemon", async () => {
  const strangers = [
    new Response("<html>hello</html>", { headers: { "content-type": "text/html" } }),
    new Response("gateway", { status: 502 }),
    Response.json("a string"),
    Response.json({ error: "not ours" }, { status: 404 }),
    Response.redirect("http://127.0.0.1:1/elsewhere"),
  ];
  await using daemon = startFakeDaemon({ "GET /system": () => strangers.shift() ?? assert.fail() });
  using wire = wireTo(daemon);
  while (strangers.length > 0) {
    await assert.rejects(wire.ask("GET", "/system"), { code: "bad_answer" });
  }
});

Deno.test("Wire reads no answer without an end", async () => {
  const piece = new TextEncoder().encode(" ".repeat(1024 * 1024));
  let pieces = 0;
  const endless = (status: number): Response => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pieces++;
        controller.enqueue(piece);
      },
    });
    return new Response(body, { status });
  };
  await using daemon = startFakeDaemon({
    "GET /agents": () => endless(200),
    "GET /events": () => endless(500),
  });
  using wire = wireTo(daemon);
  await assert.rejects(wire.ask("GET", "/agents"), { code: "bad_answer" });
  await assert.rejects(wire.open("/events", new AbortController().signal), { code: "bad_answer" });
  assert.ok(pieces < 200, `${pieces} MiB were sent`);
});

Deno.test("Wire waits for the rest of an answer only so long", async () => {
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("{")),
    pull: () => closed,
    cancel: () => close(),
  });
  await using daemon = startFakeDaemon({ "GET /agents": () => new Response(body) });
  using wire = wireTo(daemon, { answerMsMax: 50 });
  await assert.rejects(wire.ask("GET", "/agents"), { code: "not_reachable" });
  await closed;
});

Deno.test("Wire hints at starting a daemon when none answers", async () => {
  const daemon = startFakeDaemon({});
  await daemon[Symbol.asyncDispose]();
  using wire = wireTo(daemon);
  await assert.rejects(wire.ask("GET", "/agents"), {
    code: "not_reachable",
    message: `No daemon answers at ${daemon.url}; start one with: deno task start`,
  });
});

Deno.test("Wire waits for an answer only so long", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<Response>();
  await using daemon = startFakeDaemon({ "GET /agents": () => held });
  using wire = wireTo(daemon, { answerMsMax: 20 });
  await assert.rejects(wire.ask("GET", "/agents"), {
    code: "not_reachable",
    message: /gave no answer in 0.02 s/,
  });
  release(new Response());
});

Deno.test("Wire stops at the caller's signal with its reason", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<Response>();
  await using daemon = startFakeDaemon({ "GET /agents": () => held });
  using wire = wireTo(daemon);
  const stop = new AbortController();
  const asking = wire.ask("GET", "/agents", { signal: stop.signal });
  const reason = new Error("enough");
  stop.abort(reason);
  await assert.rejects(asking, reason);
  release(new Response());
});

Deno.test("Wire goes past a proxy to a daemon on this machine", async () => {
  await using daemon = startFakeDaemon({ "GET /agents": () => Response.json({ agents: [] }) });
  const source = fileURLToPath(new URL("../../../../cli.ts", import.meta.url));
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", source, "agent", "list", "--url", daemon.url],
    env: { HTTP_PROXY: "http://127.0.0.1:1", AC100_TOKEN: daemon.token },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
});
