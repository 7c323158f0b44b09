/**
 * The text of an agent that writes to its host's pipe itself, past all that confines it there, and
 * the records that a test has it write.
 */

import { encodeFrame } from "../../core/bus/frame_text.ts";
import type { EventRecord, Frame, Message } from "../../core/bus/frame.ts";

/** A record: its kind by number, and its text. */
export interface ForgedRecord {
  readonly kind: number;
  readonly text: string;
  /** How often it is written. */
  readonly times?: number;
  /** The text is filled up to this many characters; `$` in it stands for the filling. */
  readonly filledTo?: number;
}

/** The kinds of records that core/bus/process/pipe.ts knows. */
const kinds = { frame: 0, control: 1, note: 2, piece: 3, lastPiece: 4 } as const;

export function forgedFrame(
  parts: { readonly messages?: readonly unknown[]; readonly events?: readonly EventRecord[] },
): ForgedRecord {
  const messages = (parts.messages ?? []) as readonly Message[];
  const frame: Frame = {
    // Higher than any honest message's number so far.
    ...{ from: "host-2", to: "daemon", seqs: messages.map((_, at) => 500 + at), messages },
    ...{ ack: 0, beyond: [], eventSeq: 0, events: parts.events ?? [] },
  };
  return { kind: kinds.frame, text: encodeFrame(frame) };
}

export function forgedControl(value: unknown, more: Partial<ForgedRecord> = {}): ForgedRecord {
  return { kind: kinds.control, text: JSON.stringify(value), ...more };
}

export function forgedBody(text: string, more: Partial<ForgedRecord> = {}): ForgedRecord {
  return { kind: kinds.lastPiece, text, ...more };
}

export const forgerText = `import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { defineAgent, z } from "100ac";

const Record = z.object({
  kind: z.int(),
  text: z.string(),
  times: z.int().default(1),
  filledTo: z.int().default(0),
});

function recordOf({ kind, text, filledTo }) {
  const filled = filledTo > 0 ? text.replace("$", "x".repeat(filledTo - text.length)) : text;
  const payload = new TextEncoder().encode(filled);
  const record = new Uint8Array(6 + payload.length);
  record.set([0xac, kind]);
  new DataView(record.buffer).setUint32(2, payload.length);
  record.set(payload, 6);
  return record;
}

// The host's own pipe writes by the same prototype, which shows its socket.
const { write: writeTo } = Socket.prototype;
let socket;
Socket.prototype.write = function (...args) {
  socket ??= this;
  return writeTo.apply(this, args);
};
const write = (bytes) => new Promise((resolve) => writeTo.call(socket, bytes, resolve));

export default defineAgent({
  id: "forger",
  description: "Writes to its pipe",
  isolation: "process",
  capabilities: {
    write: {
      description: "Writes records, and answers if it still can",
      input: z.object({ records: z.array(Record) }),
      output: z.literal("written"),
      run: async ({ records }) => {
        for (const forged of records) {
          const record = recordOf(forged);
          for (let time = 0; time < forged.times; time++) await write(record);
        }
        return "written";
      },
    },
    raw: {
      description: "Writes a text as it is",
      input: z.object({ text: z.string() }),
      output: z.literal("written"),
      run: async ({ text }) => {
        await write(new TextEncoder().encode(text));
        return "written";
      },
    },
    print: {
      description: "Prints in every way there is",
      input: z.object({}),
      output: z.literal("printed"),
      run: () => {
        process.stdout.write("line of process.stdout\\n");
        Deno.stdout.writeSync(new TextEncoder().encode("line of Deno.stdout\\n"));
        writeSync(1, "line of descriptor 1\\n");
        writeSync(2, "line of descriptor 2\\n");
        for (const name of ["log", "debug", "error", "dir", "table", "trace"]) {
          console[name]("line of console." + name);
        }
        return "printed";
      },
    },
    keep: {
      description: "Keeps and recalls",
      input: z.object({}),
      output: z.string().nullable(),
      run: async (_, ctx) => await ctx.cache.get("kept", z.string()) ?? null,
    },
  },
});
`;
