/** Lives in a process and writes to its pipe itself, past all that holds it in its host. */

import { writeSync } from "node:fs";
import { defineAgent, z } from "100ac";

const Nothing = z.object({});
const standardOutput = 1;
/** A number no message of this host has had, that is not too far from those it will have. */
const seq = 500;

/** What the pipe takes for a frame: a magic byte, its kind, its length. */
function write(frame: unknown): void {
  const payload = new TextEncoder().encode(JSON.stringify(frame));
  const record = new Uint8Array(6 + payload.length);
  record.set([0xac, 0]);
  new DataView(record.buffer).setUint32(2, payload.length);
  record.set(payload, 6);
  for (let done = 0; done < record.length;) done += writeSync(standardOutput, record, done);
}

const base = { from: self.name, to: "daemon", ack: 0, beyond: [], eventSeq: 0, events: [] };

/** Keeps `value` in the cache of the agent `caller`. */
function keep(caller: string, value: string): unknown {
  return {
    ...base,
    seqs: [seq + caller.length],
    messages: [{
      kind: "request",
      id: 1_000_000,
      address: "cache.set",
      input: JSON.stringify({ key: "kept", value, ttl_ms: 60_000 }),
      caller,
      timeoutMs: 1_000,
    }],
  };
}

export default defineAgent({
  id: "pipe_forger",
  description: "Forges frames",
  isolation: "process",
  capabilities: {
    forge: {
      description: "Speaks as itself, as another agent, as the daemon, and as another host",
      input: Nothing,
      output: Nothing,
      run: async (_, ctx) => {
        write(keep("healthy", "forged"));
        write({ ...keep("healthy", "forged") as object, from: "host-1" });
        const event = { seq: 1, topic: "execution.completed", from: "daemon", body: `"forged"` };
        write({ ...base, to: "*", seqs: [], messages: [], eventSeq: 1, events: [event] });
        write({
          ...base,
          seqs: [seq],
          messages: [{ kind: "replayed", lostUpTo: Number.MAX_SAFE_INTEGER, events: [] }],
        });
        write(keep(ctx.agent, "its own"));
        await ctx.cache.set("after", 1, 60_000);
        return {};
      },
    },
    recall: {
      description: "What it kept by a frame of its own making",
      input: Nothing,
      output: z.object({ kept: z.string().nullable() }),
      run: async (_, ctx) => ({ kept: await ctx.cache.get("kept", z.string()) ?? null }),
    },
    junk: {
      description: "Writes data that is not a record",
      input: Nothing,
      output: Nothing,
      run: () => {
        writeSync(standardOutput, "Hello, world!\n");
        return new Promise<never>(() => undefined);
      },
    },
    print: {
      description: "Prints as a library may",
      input: Nothing,
      output: Nothing,
      run: () => {
        process.stdout.write("one\n");
        Deno.stdout.writeSync(new TextEncoder().encode("two\n"));
        globalThis.console.log("three");
        return {};
      },
    },
  },
});
