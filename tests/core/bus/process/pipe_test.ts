/** Records over byte streams: all arrive, however the stream is chunked, and junk ends the pipe. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Duplex } from "node:stream";
import type { Frame } from "../../../../core/bus/frame.ts";
import { Pipe } from "../../../../core/bus/process/pipe.ts";
import { eventually } from "../../../support/eventually.ts";

/** What one end of a pipe has received. */
class Heard {
  readonly frames: Frame[] = [];
  readonly controls: unknown[] = [];
  readonly bulk: string[] = [];
  readonly ends: (string | undefined)[] = [];
  onControl: (value: unknown) => void = () => undefined;

  readonly listener = {
    frame: (value: Frame) => void this.frames.push(value),
    control: (value: unknown) => {
      this.controls.push(value);
      this.onControl(value);
    },
    bulk: (text: string) => void this.bulk.push(text),
    ended: (error: Error | undefined) => void this.ends.push(error?.message),
  };
}

/** One end of a socket whose bytes arrive at the other end in chunks of `lengths`, repeatedly. */
class End extends Duplex {
  readonly #lengths: readonly number[];
  #turn = 0;
  other: End | undefined;

  constructor(lengths: readonly number[]) {
    super();
    this.#lengths = lengths;
  }

  override _read(): void {
    // Bytes are pushed as they come.
  }

  override _write(bytes: Uint8Array, _encoding: unknown, done: () => void): void {
    for (let at = 0; at < bytes.length;) {
      const length = this.#lengths[this.#turn++ % this.#lengths.length] ?? bytes.length;
      this.other?.push(bytes.slice(at, at + length));
      at += length;
    }
    queueMicrotask(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.other?.push(null);
    done(error);
  }
}

function sockets(there: readonly number[], back: readonly number[]): [End, End] {
  const [left, right] = [new End(there), new End(back)];
  [left.other, right.other] = [right, left];
  return [left, right];
}

function connect(there: readonly number[], back: readonly number[]): [Pipe, Heard, Pipe, Heard] {
  const [near, far] = sockets(there, back);
  const [left, right] = [new Heard(), new Heard()];
  return [new Pipe(near, left.listener), left, new Pipe(far, right.listener), right];
}

function frameOf(text: string): Frame {
  const reply = { kind: "reply", id: 1, output: text } as const;
  const cargo = { seqs: [1], messages: [reply], ack: 0, beyond: [] };
  return { from: "near", to: "far", ...cargo, eventSeq: 0, events: [] };
}

Deno.test("records of every kind arrive whole and in order, in any chunks", async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1 });
  const body = fc.oneof(fc.string({ unit: "grapheme" }), fc.constant("ä".repeat(150_000)));
  await fc.assert(
    fc.asyncProperty(
      lengths,
      fc.array(fc.string().map(frameOf)),
      fc.array(fc.jsonValue()),
      fc.array(body, { maxLength: 4 }),
      async (lengths, frames, controls, bodies) => {
        const [near, left, far, right] = connect(lengths, [1_000]);
        frames.forEach((frame) => near.sendFrame(frame));
        bodies.forEach((text) => near.sendBulk(text));
        controls.forEach((value) => near.sendControl(value));
        const all = frames.length + controls.length + bodies.length;
        await eventually(() =>
          right.frames.length + right.controls.length + right.bulk.length === all
        );
        near.close();
        far.close();
        const sent = JSON.parse(
          JSON.stringify({ frames, controls, bodies: bodies.toSorted() }),
        ) as unknown;
        const { frames: got, controls: gotControls, bulk } = right;
        // Small bodies overtake large ones: each has its number.
        assert.deepEqual({ frames: got, controls: gotControls, bodies: bulk.toSorted() }, sent);
        assert.deepEqual([left.ends, right.ends], [[undefined], [undefined]]);
      },
    ),
    { numRuns: 20 },
  );
});

Deno.test("a record sent while another is being written leaves at once", async () => {
  for (let turns = 0; turns < 60; turns++) {
    const [near, , far, right] = connect([1e6], [1e6]);
    near.sendControl("first");
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    near.sendControl("second");
    await eventually(() => right.controls.length === 2, { withinMs: 1_000 });
    near.close();
    far.close();
  }
});

Deno.test("a large body does not delay small records", async () => {
  const [near, , far, right] = connect([64 * 1024], [64]);
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
    const [near, far] = sockets([3], [3]);
    const heard = new Heard();
    const pipe = new Pipe(near, heard.listener);
    far.write(Uint8Array.from(junk, (char) => char.charCodeAt(0)));
    await eventually(() => heard.ends.length > 0);
    assert.match(heard.ends.join(), /^Cannot read the pipe of a host: it held data that/);
    pipe.sendControl("after the end");
    pipe.close();
    assert.equal(heard.ends.length, 1);
  }
});

Deno.test("the pipe ends with its stream", async () => {
  const [near, left, far, right] = connect([10], [10]);
  near.close();
  await eventually(() => right.ends.length === 1 && left.ends.length === 1);
  assert.deepEqual(right.ends, [undefined]);
  far.close();
});
