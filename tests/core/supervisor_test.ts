/** When a dead daemon is restarted, and how stop requests reach it. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { createLog } from "../../core/log.ts";
import {
  type Child,
  decideRestart,
  type Exit,
  type RestartDecision,
  Supervisor,
  type SupervisorOptions,
} from "../../core/supervisor.ts";
import { eventually } from "../support/eventually.ts";

const minuteMs = 60_000;

function death(livedMs = 0): Exit {
  return { code: 137, signal: "SIGKILL", livedMs };
}

/** The decisions for daemons that end in turn, with the waits that were decided. */
function decideAll(exits: readonly Exit[]): RestartDecision[] {
  const decisions: RestartDecision[] = [];
  let deaths: readonly number[] = [];
  let nowMs = 0;
  for (const exit of exits) {
    nowMs += exit.livedMs;
    const decision = decideRestart(exit, deaths, nowMs);
    decisions.push(decision);
    if (decision.kind === "stop") break;
    nowMs += decision.afterMs;
    deaths = decision.deaths;
  }
  return decisions;
}

function waits(decisions: readonly RestartDecision[]): (number | string)[] {
  return decisions.map((decision) =>
    decision.kind === "stop" ? `stop ${decision.code}` : decision.afterMs
  );
}

Deno.test("decideRestart() doubles the wait up to 30 s, and gives up after the 11th death", () => {
  assert.deepEqual(
    waits(decideAll(Array.from({ length: 20 }, () => death()))),
    [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, "stop 1"],
  );
});

Deno.test("decideRestart() never gives up on a daemon that dies less often", () => {
  const decisions = decideAll(Array.from({ length: 50 }, () => death(30_000)));
  assert.deepEqual(waits(decisions).slice(8), Array.from({ length: 42 }, () => 30_000));
});

Deno.test("decideRestart() ignores deaths before a healthy minute", () => {
  const exits = [death(), death(), death(), death(minuteMs), death(minuteMs - 1)];
  assert.deepEqual(waits(decideAll(exits)), [200, 400, 800, 200, 400]);
});

Deno.test("decideRestart() stops after a clean stop or a misconfiguration", () => {
  for (const code of [0, 2]) {
    const exit = { code, signal: null, livedMs: 0 };
    assert.deepEqual(decideRestart(exit, [], 0), { kind: "stop", code });
  }
});

Deno.test("decideRestart() restarts at once on request, but not endlessly", () => {
  const wish: Exit = { code: 75, signal: null, livedMs: 5_000 };
  const decisions = decideAll(Array.from({ length: 20 }, () => wish));
  assert.deepEqual(waits(decisions), [...Array.from({ length: 10 }, () => 0), "stop 1"]);
});

Deno.test("decideRestart() gives up at more than 10 deaths in 5 minutes, and only then", () => {
  const exits = fc.array(
    fc.record({
      code: fc.constantFrom(1, 75, 130, 137),
      signal: fc.constant(null),
      livedMs: fc.oneof(fc.constantFrom(0, minuteMs - 1, minuteMs), fc.nat(2 * minuteMs)),
    }),
    { minLength: 1, maxLength: 60 },
  );
  fc.assert(fc.property(exits, (ends) => {
    let nowMs = 0;
    let sinceHealthy: number[] = [];
    const decisions = decideAll(ends);
    decisions.forEach((decision, index) => {
      const { code = 0, livedMs = 0 } = ends[index] ?? {};
      nowMs += livedMs;
      sinceHealthy = [...livedMs >= minuteMs ? [] : sinceHealthy, nowMs];
      const recently = sinceHealthy.filter((atMs) => nowMs - atMs <= 5 * minuteMs).length;
      assert.equal(decision.kind, recently > 10 ? "stop" : "restart");
      if (decision.kind === "stop") return;
      const backoffMs = Math.min(200 * 2 ** (sinceHealthy.length - 1), 30_000);
      assert.equal(decision.afterMs, code === 75 ? 0 : backoffMs);
      assert.ok(decision.deaths.length <= 11, "the history is bounded");
      nowMs += decision.afterMs;
    });
  }));
});

class FakeChild implements Child {
  readonly signals: Deno.Signal[] = [];
  readonly #end = Promise.withResolvers<Deno.CommandStatus>();
  readonly status = this.#end.promise;
  isStdinOpen = true;
  readonly stdin = new WritableStream<Uint8Array<ArrayBuffer>>({
    close: () => {
      this.isStdinOpen = false;
    },
  });

  kill(signal: Deno.Signal = "SIGTERM"): void {
    this.signals.push(signal);
  }

  end(code: number, signal: Deno.Signal | null = null): void {
    this.#end.resolve({ success: code === 0, code, signal });
  }
}

interface Stage {
  readonly supervisor: Supervisor;
  readonly children: FakeChild[];
  readonly log: { readonly level: string; readonly ended?: string }[];
}

/** A supervisor whose children end as `live` says; its waits take no time. */
function stage(
  live: (child: FakeChild, index: number) => void,
  options: Partial<SupervisorOptions> = { pause: () => Promise.resolve() },
): Stage {
  const children: FakeChild[] = [];
  const log: Stage["log"] = [];
  const supervisor = new Supervisor({
    launch: () => {
      const child = new FakeChild();
      live(child, children.push(child) - 1);
      return child;
    },
    log: createLog({
      threshold: "debug",
      write: (line) => log.push(JSON.parse(line)),
      pretty: false,
    }),
    ...options,
  });
  return { supervisor, children, log };
}

Deno.test("a supervisor logs each restart and that it gives up", async () => {
  const { supervisor, children, log } = stage((child) => child.end(137, "SIGKILL"));
  assert.equal(await supervisor.run(), 1);
  assert.equal(children.length, 11);
  assert.ok(children.every(({ isStdinOpen }) => !isStdinOpen), "pipes of the dead are closed");
  assert.deepEqual(log.map(({ level, ended }) => [level, ended]), [
    ...Array.from({ length: 10 }, () => ["warn", "SIGKILL"]),
    ["error", "SIGKILL"],
  ]);
});

Deno.test("a supervisor logs nothing when the first start is misconfigured", async () => {
  const { supervisor, children, log } = stage((child) => child.end(2));
  assert.equal(await supervisor.run(), 2);
  assert.equal(children.length, 1);
  assert.deepEqual(log, []);
});

Deno.test("a supervisor logs when a later start is misconfigured", async () => {
  const { supervisor, log } = stage((child, index) => child.end(index === 0 ? 1 : 2));
  assert.equal(await supervisor.run(), 2);
  assert.deepEqual(log.map(({ level }) => level), ["warn", "error"]);
});

Deno.test("a supervisor tries again when no process can be started", async () => {
  const { supervisor, children, log } = stage((child, index) => {
    if (index === 0) throw new Error("Cannot allocate memory");
    child.end(0);
  });
  assert.equal(await supervisor.run(), 0);
  assert.equal(children.length, 2);
  assert.deepEqual(log.map(({ level }) => level), ["error", "warn"]);
});

Deno.test("a supervisor forwards stop requests and kills at the third", async () => {
  const { supervisor, children, log } = stage(() => undefined);
  const ended = supervisor.run();
  supervisor.stop("SIGINT");
  supervisor.stop("SIGTERM");
  supervisor.stop("SIGTERM");
  assert.deepEqual(children[0]?.signals, ["SIGINT", "SIGTERM", "SIGKILL"]);
  children[0]?.end(137, "SIGKILL");
  assert.equal(await ended, 137, "the code is the daemon's");
  assert.equal(children.length, 1);
  assert.deepEqual(log, []);
});

Deno.test("a supervisor that is asked to stop between two daemons starts no other", async () => {
  const { supervisor, children, log } = stage((child) => child.end(1), {});
  const ended = supervisor.run();
  await eventually(() => log.length === 1);
  supervisor.stop("SIGTERM");
  assert.equal(await ended, 0);
  assert.equal(children.length, 1);
});
