import assert from "node:assert/strict";
import { AppError } from "../../../../core/errors.ts";
import { frameOf } from "../../../../core/http/streams/frame.ts";
import { type Reader, Streams, type Subscription } from "../../../../core/http/streams/streams.ts";
import { startTestDaemon, type TestDaemon } from "../../../support/test_daemon.ts";
import { eventually } from "../../../support/eventually.ts";

const address = "http://localhost/";

/** Streams of two places, and the readers that their source was given. */
function twoPlaces(heartbeatEveryMs = 60_000) {
  const stopping = new AbortController();
  const readers: Reader[] = [];
  const ends: Reader[] = [];
  const streams = new Streams({
    subject: "numbers",
    streamsMax: 2,
    backlog: { framesMax: 2, bytesMax: Infinity },
    signal: stopping.signal,
    heartbeatEveryMs,
  });
  const open = (method = "GET"): Response =>
    streams.respond(new Request(address, { method }), (reader): Subscription => {
      readers.push(reader);
      return { end: () => void ends.push(reader) };
    });
  return { open, readers, ends, stop: () => stopping.abort() };
}

function send(reader: Reader | undefined, data: string): void {
  reader?.send(frameOf({ event: "number", data }));
}

function dataOf(text: string): string[] {
  return text.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
}

Deno.test("frameOf() writes an event with its number, and data of several lines", () => {
  const frame = frameOf({ event: "note", data: "one\ntwo\r\nthree", id: 7 });
  assert.equal(
    new TextDecoder().decode(frame),
    "id: 7\nevent: note\ndata: one\ndata: two\ndata: three\n\n",
  );
});

Deno.test("a stream gives what was sent and ends after it", async () => {
  const { open, readers, ends } = twoPlaces();
  const response = open();
  for (const data of ["1", "2"]) send(readers[0], data);
  readers[0]?.end();
  send(readers[0], "3");
  assert.deepEqual(dataOf(await response.text()), ["1", "2"]);
  assert.equal(ends.length, 1);
});

Deno.test("a reader that is slow misses the oldest of what waits, and is told how many", async () => {
  const { open, readers } = twoPlaces();
  const response = open();
  for (const data of ["1", "2", "3", "4"]) send(readers[0], data);
  readers[0]?.end();
  const text = await response.text();
  assert.match(text, /event: missed\ndata: \{"count":2\}/);
  assert.deepEqual(dataOf(text).slice(-2), ["3", "4"]);
});

Deno.test("a reader that goes away frees its place at that instant", async () => {
  const { open, ends } = twoPlaces();
  const responses = [open(), open()];
  const isFull = (thrown: unknown): boolean =>
    thrown instanceof AppError && thrown.code === "overloaded" &&
    thrown.message === "Cannot stream numbers: 2 streams are open";
  assert.throws(() => open(), isFull);
  await responses[0]?.body?.cancel();
  assert.equal(ends.length, 1);
  responses.push(open());
  assert.throws(() => open(), isFull);
  for (const { body } of responses.slice(1)) await body?.cancel();
});

Deno.test("HEAD gets the headers, and takes no place", () => {
  const { open, readers } = twoPlaces();
  for (let count = 0; count < 10; count++) {
    const response = open("HEAD");
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.equal(response.body, null);
  }
  assert.equal(readers.length, 0);
});

Deno.test("a daemon that stops ends all streams, and those that come later", async () => {
  const { open, ends, stop } = twoPlaces();
  const before = open();
  stop();
  assert.equal(await before.text(), ":\n\n");
  assert.equal(await open().text(), ":\n\n");
  assert.equal(ends.length, 2);
});

Deno.test("a stream without events beats", async () => {
  const { open } = twoPlaces(5);
  const reader = open().body?.getReader();
  for (let beats = 0; beats < 3; beats++) {
    const { value } = await reader?.read() ?? {};
    assert.equal(new TextDecoder().decode(value), ":\n\n");
  }
  await reader?.cancel();
});

/** Opens so many streams of events at once; gives their statuses and a way to leave them. */
async function openMany(daemon: TestDaemon, count: number) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const opened = await Promise.all(
    Array.from({ length: count }, () => daemon.api("/events", { signal })),
  );
  return { statuses: opened.map(({ status }) => status), leave: () => leaving.abort() };
}

Deno.test("a hundred readers that went away are no longer counted, long before a beat", async () => {
  await using daemon = await startTestDaemon();
  const readers = await openMany(daemon, 100);
  assert.deepEqual(new Set(readers.statuses), new Set([200]));
  const refused = await daemon.api("/events");
  assert.equal(refused.status, 503);
  await refused.body?.cancel();
  readers.leave();
  const next = await eventually(async () => {
    const again = await openMany(daemon, 1);
    if (again.statuses[0] === 200) return again;
    again.leave();
    return false;
  });
  next.leave();
  for (let count = 0; count < 100; count++) {
    assert.equal((await daemon.api("/events", { method: "HEAD" })).status, 200);
  }
});
