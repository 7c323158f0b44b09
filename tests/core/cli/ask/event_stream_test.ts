import assert from "node:assert/strict";
import fc from "fast-check";
import { type ServerEvent, serverEvents } from "../../../../core/cli/ask/event_stream.ts";
import { AppError } from "../../../../core/errors.ts";

const never = new AbortController().signal;

function bodyOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks);
}

async function read(text: string, cuts: readonly number[] = []): Promise<ServerEvent[]> {
  const bytes = new TextEncoder().encode(text);
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  const ordered = edges.toSorted((a, b) => a - b);
  const chunks = ordered.map((edge, index) => bytes.slice(edge, ordered[index + 1]));
  return await Array.fromAsync(serverEvents(bodyOf(chunks), { signal: never }));
}

Deno.test("serverEvents() reads names, data of several lines, and skips comments", async () => {
  const text =
    ":\n\nevent: step\ndata: one\ndata:two\nid: 7\n\ndata\n\nevent: lost\n\ndata: cut off";
  assert.deepEqual(await read(text), [
    { name: "step", data: "one\ntwo" },
    { name: "message", data: "" },
  ]);
});

Deno.test("serverEvents() reads the same wherever the body is cut and however lines end", async () => {
  const line = fc.constantFrom("event: step", "data: 株価 ✓", "data: a: b", ":", "", "");
  const text = fc.tuple(fc.array(line), fc.constantFrom("\n", "\r\n", "\r"));
  await fc.assert(fc.asyncProperty(text, fc.array(fc.nat()), async ([lines, end], cuts) => {
    const all = [...lines, "data: last", "", ""];
    assert.deepEqual(await read(all.join(end), cuts), await read(all.join("\n")));
  }));
});

Deno.test("serverEvents() ends with the signal's reason, and lets go of the body", async () => {
  const stop = new AbortController();
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
  const reading = Array.fromAsync(serverEvents(body, { signal: stop.signal }));
  stop.abort(new AppError("cancelled", "enough"));
  await assert.rejects(reading, { code: "cancelled" });
  assert.ok(cancelled);
});

Deno.test("serverEvents() gives up on a body that says nothing for long", async () => {
  const body = new ReadableStream<Uint8Array>();
  const reading = Array.fromAsync(serverEvents(body, { signal: never, silentMsMax: 10 }));
  await assert.rejects(reading, { code: "not_reachable" });
});

Deno.test("serverEvents() gives up on an event without an end, of one line or of many", async () => {
  const mebi = 1024 * 1024;
  for (const piece of ["x".repeat(mebi), `data: ${"x".repeat(mebi)}\n`]) {
    const bytes = new TextEncoder().encode(piece);
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(bytes),
      cancel: () => void (cancelled = true),
    });
    await assert.rejects(Array.fromAsync(serverEvents(body, { signal: never })), {
      code: "bad_answer",
      message: /one is over \d+ characters/,
    });
    assert.ok(cancelled, "the body is let go of");
  }
});
