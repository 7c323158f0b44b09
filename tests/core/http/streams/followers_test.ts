import assert from "node:assert/strict";
import type { BusEvent } from "../../../../core/bus/bus.ts";
import type { ExecutionView } from "../../../../core/http/api.ts";
import { Followers } from "../../../../core/http/streams/followers.ts";
import type { Frame } from "../../../../core/http/streams/frame.ts";
import type { Reader } from "../../../../core/http/streams/streams.ts";
import type { ExecutionId } from "../../../../core/ids.ts";
import type { ExecutionStatus } from "../../../../core/statuses.ts";
import { eventually } from "../../../support/eventually.ts";

const [one, other] = ["one", "other"] as ExecutionId[] as [ExecutionId, ExecutionId];

/** Followers of executions whose status is set by the test, and how often each view was read. */
class Stage {
  readonly statuses = new Map<ExecutionId, ExecutionStatus>();
  readonly reads = new Map<ExecutionId, number>();
  readonly broken: string[] = [];
  readonly #listeners = new Map<string, (event: BusEvent) => void>();
  readonly followers = new Followers({
    bus: {
      subscribe: (topic, listener) => {
        this.#listeners.set(topic, listener);
        return () => void this.#listeners.delete(topic);
      },
    },
    log: { error: (message) => void this.broken.push(message) },
    readView: (id) => {
      this.reads.set(id, this.readsOf(id) + 1);
      const status = this.statuses.get(id);
      if (!status) return Promise.reject(new Error("it is gone"));
      return Promise.resolve({ execution_id: id, status, steps: [] } as unknown as ExecutionView);
    },
  });

  get isHearing(): boolean {
    return this.#listeners.size > 0;
  }

  readsOf(id: ExecutionId): number {
    return this.reads.get(id) ?? 0;
  }

  publish(topic: string, id: ExecutionId, from = "daemon"): void {
    const body = JSON.stringify({ execution_id: id, workflow: "w" });
    this.#listeners.get(`${topic.split(".")[0]}.*`)?.({ topic, from, body } as BusEvent);
  }
}

/** A reader that has always taken what it was sent, unless it is told to be slow. */
class TestReader implements Reader {
  isDrained = true;
  hasEnded = false;
  readonly frames: Frame[] = [];
  send(frame: Frame): void {
    this.frames.push(frame);
  }
  end(): void {
    this.hasEnded = true;
  }
  get last(): string {
    return new TextDecoder().decode(this.frames.at(-1));
  }
}

Deno.test("a hundred followers of one execution share a view and its bytes", async () => {
  const stage = new Stage();
  stage.statuses.set(one, "running");
  const readers = Array.from({ length: 100 }, () => new TestReader());
  const subscriptions = readers.map((reader) => stage.followers.of(one)(reader));
  await eventually(() => readers.every(({ frames }) => frames.length === 1));
  assert.equal(stage.readsOf(one), 1);
  assert.equal(new Set(readers.map(({ frames }) => frames[0])).size, 1);
  subscriptions.forEach(({ end }) => end());
});

Deno.test("an event costs those alone who follow its execution", async () => {
  const stage = new Stage();
  stage.statuses.set(one, "running").set(other, "running");
  const [reader, bystander] = [new TestReader(), new TestReader()];
  const subscriptions = [stage.followers.of(one)(reader), stage.followers.of(other)(bystander)];
  await eventually(() => reader.frames.length === 1 && bystander.frames.length === 1);
  for (let count = 0; count < 50; count++) stage.publish("step.completed", one);
  stage.publish("execution.completed", other, "rogue");
  stage.statuses.set(one, "completed");
  stage.publish("execution.completed", one);
  await eventually(() => reader.hasEnded);
  assert.match(reader.last, /"status":"completed"/);
  assert.equal(stage.readsOf(one), 2, "what changed in between is in the last view");
  assert.equal(stage.readsOf(other), 1);
  subscriptions.forEach(({ end }) => end());
  assert.equal(stage.isHearing, false);
});

Deno.test("a slow follower gets the next view once it has taken the one before", async () => {
  const stage = new Stage();
  stage.statuses.set(one, "running");
  const reader = new TestReader();
  const { drained, end } = stage.followers.of(one)(reader);
  await eventually(() => reader.frames.length === 1);
  reader.isDrained = false;
  stage.statuses.set(one, "completed");
  stage.publish("execution.completed", one);
  const quick = new TestReader();
  const next = stage.followers.of(one)(quick);
  await eventually(() => quick.hasEnded);
  assert.equal(reader.frames.length, 1);
  reader.isDrained = true;
  drained?.();
  await eventually(() => reader.hasEnded);
  assert.match(reader.last, /"status":"completed"/);
  end();
  next.end();
});

Deno.test("a view that can't be read ends the streams that wait for it, with a line in the log", async () => {
  const stage = new Stage();
  const reader = new TestReader();
  const { end } = stage.followers.of(one)(reader);
  await eventually(() => reader.hasEnded);
  assert.deepEqual(stage.broken, ["stream broke"]);
  end();
});
