import assert from "node:assert/strict";
import { Client } from "../../../../core/cli/ask/client.ts";
import { followExecution, type FollowOptions } from "../../../../core/cli/ask/follow.ts";
import { Wire } from "../../../../core/cli/ask/wire.ts";
import type { ExecutionView } from "../../../../core/http/api.ts";
import {
  anExecution,
  aStep,
  eventStream,
  type FakeDaemon,
  problem,
  type Route,
  startFakeDaemon,
} from "../fake_daemon.ts";
import type { ExecutionStatus } from "../../../../core/statuses.ts";

const id = anExecution().execution_id;
const completed = anExecution({ status: "completed", steps: [aStep()] });

function startDaemonWith(
  routes: { readonly events: Route; readonly execution?: Route },
): FakeDaemon {
  return startFakeDaemon({
    [`GET /executions/${id}/events`]: routes.events,
    [`GET /executions/${id}`]: routes.execution ?? (() => assert.fail("nobody should ask")),
  });
}

async function follow(
  { url, token }: FakeDaemon,
  options: Partial<FollowOptions> = {},
): Promise<{ readonly execution: ExecutionView; readonly seen: readonly ExecutionStatus[] }> {
  const connection = { url, token, isLocal: true, tokenSource: "" };
  using wire = new Wire(connection, { startHint: "", answerMsMax: 200 });
  const seen: ExecutionStatus[] = [];
  const execution = await followExecution(new Client(wire), id, {
    signal: new AbortController().signal,
    onChange: ({ status }) => seen.push(status),
    pollMs: 1,
    ...options,
  });
  return { execution, seen };
}

Deno.test("followExecution() follows the stream to the end without asking", async () => {
  await using daemon = startDaemonWith({
    events: () =>
      eventStream([
        { kind: "execution", execution: anExecution({ status: "pending" }) },
        { kind: "step", execution: anExecution(), step: aStep() },
        { kind: "execution", execution: completed },
      ], { end: false }),
  });
  const { execution, seen } = await follow(daemon);
  assert.deepEqual(execution, completed);
  assert.deepEqual(seen, ["pending", "running", "completed"]);
});

Deno.test("followExecution() asks when the stream breaks off, is refused or makes no sense", async () => {
  const streams: Route[] = [
    () => eventStream([{ kind: "execution", execution: anExecution() }]),
    () => problem("overloaded", "too many streams", 503),
    () => new Response("event: step\ndata: {nonsense\n\n"),
    () => new Response("event: step\ndata: {}\n\n"),
  ];
  for (const events of streams) {
    const answers = [anExecution(), completed];
    await using daemon = startDaemonWith({
      events,
      execution: () => Response.json(answers.shift()),
    });
    const { execution, seen } = await follow(daemon);
    assert.deepEqual(execution, completed);
    assert.deepEqual(seen.slice(-2), ["running", "completed"]);
  }
});

Deno.test("followExecution() outlasts a daemon that is away for a while, not for ever", async () => {
  const [gone, refused] = ["gone", "refused"] as const;
  for (const end of [gone, refused]) {
    let asked = 0;
    const { promise: held, resolve: release } = Promise.withResolvers<Response>();
    await using daemon = startDaemonWith({
      events: () => eventStream([]),
      execution: () => {
        if (end === refused) return problem("unknown_execution", "there is none", 404);
        return asked++ < 1 ? held : Response.json(completed);
      },
    });
    const following = follow(daemon);
    if (end === refused) await assert.rejects(following, { code: "unknown_execution" });
    else assert.deepEqual((await following).execution, completed);
    release(new Response());
  }
  const dead = startDaemonWith({ events: () => eventStream([]) });
  await dead[Symbol.asyncDispose]();
  await assert.rejects(follow(dead, { absentMsMax: 5 }), { code: "not_reachable" });
});

Deno.test("followExecution() stops at the signal, streaming or asking, and leaves it running", async () => {
  for (const end of [true, false]) {
    const stop = new AbortController();
    await using daemon = startDaemonWith({
      events: () => eventStream([{ kind: "execution", execution: anExecution() }], { end }),
      execution: () => Response.json(anExecution()),
    });
    const reason = new Error("enough");
    const following = follow(daemon, {
      signal: stop.signal,
      onChange: () => stop.abort(reason),
      pollMs: 10_000,
    });
    await assert.rejects(following, reason);
    assert.ok(daemon.asked.every((route) => route.startsWith("GET")));
  }
});
