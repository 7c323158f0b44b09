/** Requests: each ends exactly once, with a reason. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { openRequestsMax } from "../../../core/bus/bus.ts";
import { everyone, type Frame, type Message } from "../../../core/bus/frame.ts";
import { AppError, type ErrorData, toErrorData } from "../../../core/errors.ts";
import { eventually } from "../../support/eventually.ts";
import { Stage, untilAborted } from "./stage.ts";

const timeoutMs = 10_000;

async function failureOf(request: Promise<unknown>): Promise<ErrorData> {
  return await request.then(
    (answer) => assert.fail(`answered ${answer}`),
    (thrown) => toErrorData(thrown),
  );
}

function holds(frame: Frame, kind: Message["kind"]): boolean {
  return frame.messages.some((message) => message.kind === kind);
}

Deno.test("every request runs once and is answered once, whatever the network does", async () => {
  const weather = fc.record({
    loss: fc.double({ min: 0, max: 0.25, noNaN: true }),
    duplication: fc.double({ min: 0, max: 0.5, noNaN: true }),
    delayMsMax: fc.integer({ min: 0, max: 20 }),
  });
  await fc.assert(
    fc.asyncProperty(weather, fc.integer(), async (weather, seed) => {
      using stage = new Stage(weather, seed);
      const times = new Map<string, number>();
      stage.open("host", {
        onRequest: ({ input }) => {
          times.set(input, (times.get(input) ?? 0) + 1);
          return Promise.resolve(input);
        },
      });
      const daemon = stage.open("daemon");
      const inputs = Array.from({ length: 200 }, (_, index) => String(index));
      // Over a few hundred runs, some run loses one frame until its resends are seconds apart.
      const patient = { timeoutMs: 6 * timeoutMs };
      const answers = inputs.map((input) => daemon.request("host", "a.b", input, patient));
      assert.deepEqual(await Promise.all(answers), inputs);
      assert.deepEqual([...times.values()], inputs.map(() => 1));
    }),
    { numRuns: 5 },
  );
});

Deno.test("the answering side sees the address, the caller and the time left", async () => {
  using stage = new Stage();
  stage.open("host", {
    onRequest: ({ address, caller, timeoutMs }) =>
      Promise.resolve(JSON.stringify({ address, caller, timeoutMs })),
  });
  const daemon = stage.open("daemon");
  const answer = await daemon.request("host", "a.b", "1", { timeoutMs: 321, caller: "greeter" });
  assert.deepEqual(JSON.parse(answer), { address: "a.b", caller: "greeter", timeoutMs: 321 });
});

Deno.test("a request that is not answered in time ends at its deadline, on both sides", async () => {
  using stage = new Stage();
  const aborted = Promise.withResolvers<unknown>();
  stage.open("host", {
    onRequest: async ({ signal }) => {
      aborted.resolve(await untilAborted(signal).catch((reason) => reason));
      return "1";
    },
  });
  const daemon = stage.open("daemon");
  assert.deepEqual(await failureOf(daemon.request("host", "a.b", "1", { timeoutMs: 30 })), {
    code: "deadline_exceeded",
    message: `Cannot finish request "a.b": no answer within 0.03 s; ` +
      `raise its timeout or look at the agent's log`,
    details: { address: "a.b", timeout_ms: 30 },
  });
  assert.equal(toErrorData(await aborted.promise).code, "deadline_exceeded");
  await eventually(() => daemon.counts.late === 1);
});

Deno.test("a cancelled request is aborted where it runs", async () => {
  using stage = new Stage();
  const [began, aborted] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown>()];
  stage.open("host", {
    onRequest: async ({ signal }) => {
      began.resolve();
      aborted.resolve(await untilAborted(signal).catch((reason) => reason));
      return "1";
    },
  });
  const daemon = stage.open("daemon");
  const abort = new AbortController();
  const request = failureOf(
    daemon.request("host", "a.b", "1", { timeoutMs, signal: abort.signal }),
  );
  await began.promise;
  abort.abort();
  assert.deepEqual(await request, {
    code: "cancelled",
    message: `Cannot finish request "a.b": its caller cancelled it`,
  });
  assert.equal(toErrorData(await aborted.promise).code, "cancelled");
});

Deno.test("a request ends with the reason its caller's signal was aborted with", async () => {
  using stage = new Stage();
  stage.open("host", { onRequest: ({ signal }) => untilAborted(signal) });
  const daemon = stage.open("daemon");
  const outer = new AppError("deadline_exceeded", "no answer within 1 s");
  const abort = new AbortController();
  const request = daemon.request("host", "a.b", "1", { timeoutMs, signal: abort.signal });
  abort.abort(outer);
  await assert.rejects(request, outer);
  await assert.rejects(
    daemon.request("host", "a.b", "1", { timeoutMs, signal: abort.signal }),
    outer,
  );
});

Deno.test("a request whose signal is already aborted is never sent", async () => {
  using stage = new Stage();
  const daemon = stage.open("daemon");
  const signal = AbortSignal.abort();
  const { code } = await failureOf(daemon.request("host", "a.b", "1", { timeoutMs, signal }));
  assert.equal(code, "cancelled");
  assert.equal(daemon.counts.sent, 0);
});

Deno.test("a request whose cancel arrives first does not run", async () => {
  using stage = new Stage();
  const asked: string[] = [];
  stage.open("host", {
    onRequest: ({ input }) => {
      asked.push(input);
      return Promise.resolve(input);
    },
  });
  const daemon = stage.open("daemon");
  let isLost = true;
  stage.network.loses = (frame) => isLost && holds(frame, "request");
  const abort = new AbortController();
  const cancelled = failureOf(
    daemon.request("host", "a.b", "1", { timeoutMs, signal: abort.signal }),
  );
  const kept = daemon.request("host", "a.b", "2", { timeoutMs });
  await eventually(() => stage.network.posted === 1);
  abort.abort();
  assert.equal((await cancelled).code, "cancelled");
  await eventually(() => stage.network.posted >= 3);
  isLost = false;
  assert.equal(await kept, "2");
  assert.deepEqual(asked, ["2"]);
});

Deno.test("dropping an endpoint ends the requests to it and from it", async () => {
  using stage = new Stage();
  const aborted = Promise.withResolvers<unknown>();
  const host = stage.open("host", { onRequest: ({ signal }) => untilAborted(signal) });
  const daemon = stage.open("daemon", {
    onRequest: async ({ signal }) => {
      aborted.resolve(await untilAborted(signal).catch((reason) => reason));
      return "1";
    },
  });
  const open = [1, 2, 3].map((n) =>
    failureOf(daemon.request("host", "a.b", String(n), { timeoutMs }))
  );
  const asked = failureOf(host.request("daemon", "c.d", "1", { timeoutMs: 200 }));
  await eventually(() => daemon.counts.received === 1);
  const gone = new AppError("host_gone", "the host is gone");
  daemon.drop("host", gone);
  for (const failure of open) assert.equal((await failure).code, "host_gone");
  assert.equal(await aborted.promise, gone);
  assert.equal((await asked).code, "deadline_exceeded", "nothing is said to who is gone");
  assert.equal(daemon.counts.received, 1, "nor heard from it");
});

Deno.test("an answer from an endpoint that was not asked is ignored", async () => {
  using stage = new Stage();
  stage.open("host", { onRequest: ({ signal }) => untilAborted(signal) });
  const daemon = stage.open("daemon");
  const abort = new AbortController();
  const request = failureOf(
    daemon.request("host", "a.b", "1", { timeoutMs, signal: abort.signal }),
  );
  stage.network.open().post({
    from: "mallory",
    to: "daemon",
    seqs: [1],
    messages: [{ kind: "reply", id: 1, output: `"forged"` }],
    ack: 0,
    beyond: [],
    eventSeq: 0,
    events: [],
  });
  await eventually(() => daemon.counts.late === 1);
  abort.abort();
  assert.equal((await request).code, "cancelled");
});

Deno.test("errors keep code, message and details across the bus", async () => {
  const circle: Record<string, unknown> = {};
  circle["circle"] = circle;
  const thrown: Record<string, unknown> = {
    "1": new AppError("rate_limited", "Cannot fetch", { details: { retry_after: 3 } }),
    "2": new TypeError("x is not a function"),
    "3": "a bare string",
    "4": new AppError("bad_answer", "no JSON", { details: { now: () => 1, big: new Date(0) } }),
    "5": new AppError("bad_answer", "a circle", { details: circle }),
  };
  using stage = new Stage();
  stage.open("host", { onRequest: ({ input }) => Promise.reject(thrown[input]) });
  const daemon = stage.open("daemon");
  const ask = (input: string) => failureOf(daemon.request("host", "a.b", input, { timeoutMs }));
  const details = { retry_after: 3 };
  assert.deepEqual(await ask("1"), { code: "rate_limited", message: "Cannot fetch", details });
  assert.deepEqual(await ask("2"), { code: "agent_error", message: "x is not a function" });
  assert.deepEqual(await ask("3"), { code: "agent_error", message: "a bare string" });
  assert.deepEqual((await ask("4")).details, { big: "1970-01-01T00:00:00.000Z" });
  assert.match(JSON.stringify((await ask("5")).details), /circular/);
});

Deno.test("a handler that throws at once fails its request like one that rejects", async () => {
  using stage = new Stage();
  stage.open("host", {
    onRequest: () => {
      throw new AppError("unknown_agent", "no such agent");
    },
  });
  const { code } = await failureOf(
    stage.open("daemon").request("host", "a.b", "1", { timeoutMs }),
  );
  assert.equal(code, "unknown_agent");
});

Deno.test("a bus refuses requests over openRequestsMax until others have ended", async () => {
  using stage = new Stage();
  stage.network.loses = () => true;
  const daemon = stage.open("daemon");
  const open = Array.from(
    { length: openRequestsMax },
    () => daemon.request("host", "a.b", "1", { timeoutMs }).catch(toErrorData),
  );
  const { code } = await failureOf(daemon.request("host", "a.b", "1", { timeoutMs }));
  assert.equal(code, "overloaded");
  daemon.drop("host", new AppError("host_gone", "the host is gone"));
  await Promise.all(open);
  stage.network.loses = () => false;
  stage.open("host-2");
  assert.equal(await daemon.request("host-2", "a.b", "1", { timeoutMs }), "1");
});

Deno.test("close() ends open requests and refuses new ones", async () => {
  using stage = new Stage();
  stage.open("host", { onRequest: ({ signal }) => untilAborted(signal) });
  const daemon = stage.open("daemon");
  const open = failureOf(daemon.request("host", "a.b", "1", { timeoutMs }));
  daemon.close();
  assert.equal((await open).code, "cancelled");
  const later = daemon.request("host", "a.b", "1", { timeoutMs });
  assert.equal((await failureOf(later)).code, "cancelled");
});

Deno.test("a bus ignores frames for others and its own frames", async () => {
  using stage = new Stage();
  const host = stage.open("host");
  const daemon = stage.open("daemon");
  stage.open("other");
  assert.equal(await daemon.request("other", "a.b", "1", { timeoutMs }), "1");
  assert.equal(host.counts.received, 0);
  const event = { seq: 1, topic: "t.t", from: "daemon", body: "1" };
  const echo: Frame = {
    from: "daemon",
    to: everyone,
    seqs: [],
    messages: [],
    ack: 0,
    beyond: [],
    eventSeq: 1,
    events: [event],
  };
  const heard: string[] = [];
  daemon.subscribe("*", ({ body }) => heard.push(body));
  stage.network.open().post(echo);
  stage.network.open().post({ ...echo, from: "host", events: [{ ...event, body: "2" }] });
  await eventually(() => heard.includes("2"));
  assert.deepEqual(heard, ["2"]);
});

Deno.test("requests of one turn leave in one frame, and an idle bus sends nothing", async () => {
  using stage = new Stage();
  stage.open("host");
  const daemon = stage.open("daemon");
  await Promise.all([1, 2, 3].map((n) => daemon.request("host", "a.b", String(n), { timeoutMs })));
  assert.equal(stage.network.posted, 2, "a frame of requests, a frame of replies");
  await eventually(() => stage.network.posted === 3); // the acknowledgement of the replies
  const quietSinceMs = performance.now();
  await eventually(() => performance.now() - quietSinceMs > 150);
  assert.equal(stage.network.posted, 3);
});
