/** Records over byte streams: all arrive, however the stream is chunked, and junk ends the pipe. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Pipe } from "../../../../core/bus/process/pipe.ts";
import { eventually } from "../../../support/eventually.ts";

/** What one end of a pipe has received. */
class Heard {
  readonly frames: unknown[] = [];
  readonly controls: unknown[] = [];
  readonly bulk: string[] = [];
  readonly ends: (string | undefined)[] = [];
  onControl: (value: unknown) => void = () => undefined;

  readonly listener = {
    frame: (value: unknown) => void this.frames.push(value),
    control: (value: unknown) => {
      this.controls.push(value);
      this.onControl(value);
    },
    bulk: (text: string) => void this.bulk.push(text),
    ended: (error: Error | undefined) => void this.ends.push(error?.message),
  };
}

type Stream = TransformStream<Uint8Array, Uint8Array>;

/** Cuts the stream into chunks of these lengths, repeatedly. */
function cutting(lengths: readonly number[]): Stream {
  let turn = 0;
  return new TransformStream({
    transform(bytes, controller) {
      for (let at = 0; at < bytes.length;) {
        const length = lengths[turn++ % lengths.length] ?? bytes.length;
        controller.enqueue(bytes.slice(at, at + length));
        at += length;
      }
    },
  });
}

function connect(there: Stream, back: Stream): [Pipe, Heard, Pipe, Heard] {
  const [left, right] = [new Heard(), new Heard()];
  return [
    new Pipe(back.readable, there.writable, left.listener),
    left,
    new Pipe(there.readable, back.writable, right.listener),
    right,
  ];
}

Deno.test("records of every kind arrive whole and in order, in any chunks", async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1 });
  const body = fc.oneof(fc.string({ unit: "grapheme" }), fc.constant("ä".repeat(150_000)));
  await fc.assert(
    fc.asyncProperty(
      lengths,
      fc.array(fc.jsonValue()),
      fc.array(fc.jsonValue()),
      fc.array(body, { maxLength: 4 }),
      async (lengths, frames, controls, bodies) => {
        const [near, left, far, right] = connect(cutting(lengths), cutting([1_000]));
        frames.forEach((frame) => near.sendFrame(frame));
        bodies.forEach((text) => near.sendBulk(text));
        controls.forEach((value) => near.sendControl(value));
        const all = frames.length + controls.length + bodies.length;
        await eventually(() =>
          right.frames.length + right.controls.length + right.bulk.length === all
        );
        near.close();
        far.close();
        const sent = JSON.parse(JSON.stringify({ frames, controls, bodies })) as unknown;
        const { frames: got, controls: gotControls, bulk } = right;
        assert.deepEqual({ frames: got, controls: gotControls, bodies: bulk }, sent);
        assert.deepEqual([left.ends, right.ends], [[undefined], [undefined]]);
      },
    ),
    { numRuns: 20 },
  );
});

Deno.test("a record sent while another is being written leaves at once", async () => {
  for (let turns = 0; turns < 60; turns++) {
    const [near, , far, right] = connect(cutting([1e6]), cutting([1e6]));
    near.sendControl("first");
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    near.sendControl("second");
    await eventually(() => right.controls.length === 2, { withinMs: 1_000 });
    near.close();
    far.close();
  }
});

Deno.test("a large body does not delay small records", async () => {
  const [near, , far, right] = connect(cutting([64 * 1024]), cutting([64]));
  const order: string[] = [];
  right.onControl = (value) => order.push(`${value}, after ${right.bulk.length} bodies`);
  near.sendBulk("x".repeat(10_000_000));
  near.sendControl("urgent");
  await eventually(() => right.bulk.length === 1);
  assert.deepEqual(order, ["urgent, after 0 bodies"]);
  near.close();
  far.close();
});

Deno.test("anything but a record ends the pipe and is reported once", async () => {
  for (const junk of ["Hello, world!", "\xac\x09aaaaaa", "\xac\x00\xff\xff\xff\xff{}"]) {
    const [there, back] = [cutting([3]), cutting([3])];
    const heard = new Heard();
    const pipe = new Pipe(there.readable, back.writable, heard.listener);
    const writer = there.writable.getWriter();
    await writer.write(Uint8Array.from(junk, (char) => char.charCodeAt(0))).catch(() => undefined);
    await eventually(() => heard.ends.length > 0);
    assert.match(heard.ends.join(), /^Cannot read the pipe of a host: it held data that/);
    pipe.sendControl("after the end");
    pipe.close();
    assert.equal(heard.ends.length, 1);
  }
});

Deno.test("the pipe ends with its stream", async () => {
  const [near, left, far, right] = connect(cutting([10]), cutting([10]));
  near.close();
  await eventually(() => right.ends.length === 1 && left.ends.length === 1);
  assert.deepEqual(right.ends, [undefined]);
  far.close();
});
