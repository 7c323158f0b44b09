/**
 * Records over a socket to a child process: frames, control messages, and bodies. Small records go
 * first and large bodies go in pieces, so nothing waits for a whole large body.
 *
 * A record is a magic byte, its kind, the length of its payload (4 bytes, big-endian) and the
 * payload. Anything else on the socket ends the pipe, because what follows cannot be trusted.
 * Frames are dropped while too many bytes are queued, since their link resends them; control
 * messages and bodies are never dropped.
 */

import type { Duplex } from "node:stream";
import { AppError } from "../../errors.ts";
import { bodyMax } from "../bulk.ts";
import type { Frame } from "../frame.ts";
import { decodeFrame, encodeFrame } from "../frame_text.ts";

/** Where the child process finds its end of the socket. */
export const pipeDescriptor = 3;

const magic = 0xac;
const headerBytes = 6;
const pieceBytes = 64 * 1024;
const recordBytesMax = 8 * 1024 * 1024;
const waitingFrameBytesMax = 16 * 1024 * 1024;
/** A character takes at most three bytes; a body begins with its number. */
const bodyBytesMax = 3 * bodyMax + 100;

const kinds = { frame: 0, control: 1, note: 2, piece: 3, lastPiece: 4 } as const;
type Kind = (typeof kinds)[keyof typeof kinds];

export interface PipeListener {
  frame(frame: Frame): void;
  control(value: unknown): void;
  /** What the other side sent by {@link Pipe.sendBulk}, whole. */
  bulk(text: string): void;
  /** Called once, when the socket ends or holds something that is not a record. */
  ended(error: AppError | undefined): void;
}

export class Pipe {
  readonly #socket: Duplex;
  readonly #listener: PipeListener;
  readonly #records = new RecordReader();
  readonly #urgent: Uint8Array<ArrayBuffer>[] = [];
  readonly #bulk: { readonly bytes: Uint8Array<ArrayBuffer>; offset: number }[] = [];
  readonly #pieces: Uint8Array[] = [];
  #piecesBytes = 0;
  #urgentBytes = 0;
  #writing = false;
  #ended = false;

  constructor(socket: Duplex, listener: PipeListener) {
    this.#socket = socket;
    this.#listener = listener;
    socket.on("data", (chunk: Uint8Array) => this.#hear(chunk));
    // After an error comes `close`; the exit status of the process gives the reason.
    socket.on("error", () => undefined);
    for (const end of ["end", "close"]) socket.on(end, () => this.#end(undefined));
  }

  sendFrame(frame: Frame): void {
    if (this.#urgentBytes > waitingFrameBytesMax) return;
    this.#send(record(kinds.frame, encode(encodeFrame(frame))));
  }

  sendControl(value: unknown): void {
    this.#send(record(kinds.control, encode(JSON.stringify(value))));
  }

  sendBulk(text: string): void {
    const bytes = encode(text);
    if (bytes.length <= pieceBytes) return this.#send(record(kinds.note, bytes));
    this.#bulk.push({ bytes, offset: 0 });
    this.#write();
  }

  /** Ends the pipe, so that the other side sees the end of the socket. */
  close(): void {
    this.#end(undefined);
  }

  #send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#ended) return;
    this.#urgent.push(bytes);
    this.#urgentBytes += bytes.length;
    this.#write();
  }

  #write(): void {
    if (this.#writing || this.#ended) return;
    const bytes = this.#urgent.length > 0 ? this.#takeUrgent() : this.#takePiece();
    if (!bytes) return;
    this.#writing = true;
    this.#socket.write(bytes, () => {
      this.#writing = false;
      this.#write();
    });
  }

  /** All queued urgent records, joined into one write. */
  #takeUrgent(): Uint8Array<ArrayBuffer> {
    const all = join(this.#urgent.splice(0), this.#urgentBytes);
    this.#urgentBytes = 0;
    return all;
  }

  #takePiece(): Uint8Array<ArrayBuffer> | undefined {
    const [first] = this.#bulk;
    if (!first) return undefined;
    const piece = first.bytes.subarray(first.offset, first.offset + pieceBytes);
    first.offset += piece.length;
    const isLast = first.offset >= first.bytes.length;
    if (isLast) this.#bulk.shift();
    return record(isLast ? kinds.lastPiece : kinds.piece, piece);
  }

  #hear(chunk: Uint8Array): void {
    try {
      for (const { kind, payload } of this.#records.read(chunk)) {
        if (this.#ended) return;
        this.#take(kind, payload);
      }
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      this.#end(thrown);
    }
  }

  #take(kind: Kind, payload: Uint8Array): void {
    switch (kind) {
      case kinds.frame: {
        const frame = decodeFrame(decode(payload));
        if (!frame) throw junk("a frame that cannot be read");
        return this.#listener.frame(frame);
      }
      case kinds.control:
        return this.#listener.control(parseControl(decode(payload)));
      case kinds.note:
        return this.#listener.bulk(decode(payload));
      default:
        this.#pieces.push(payload);
        this.#piecesBytes += payload.length;
        if (this.#piecesBytes > bodyBytesMax) throw junk("a body that is too long");
        if (kind === kinds.piece) return;
        this.#listener.bulk(decode(join(this.#pieces.splice(0), this.#piecesBytes)));
        this.#piecesBytes = 0;
    }
  }

  #end(error: AppError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    this.#listener.ended(error);
  }
}

interface ReadRecord {
  readonly kind: Kind;
  readonly payload: Uint8Array;
}

/** The records of a stream, however it is chunked. */
class RecordReader {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #wanted = headerBytes;

  /** @throws {AppError} `host_gone` for anything but a record. */
  *read(chunk: Uint8Array): Generator<ReadRecord> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#wanted) return;
    let rest: Uint8Array = join(this.#chunks, this.#bytes);
    while (rest.length >= (this.#wanted = recordLength(rest))) {
      const payload = rest.slice(headerBytes, this.#wanted);
      yield { kind: rest[1] as Kind, payload };
      rest = rest.subarray(headerBytes + payload.length);
    }
    this.#chunks = [rest];
    this.#bytes = rest.length;
  }
}

/** The length of the first record; that of its header until the header has arrived. */
function recordLength(bytes: Uint8Array): number {
  if (bytes.length < headerBytes) return headerBytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = view.getUint32(2);
  if (view.getUint8(0) !== magic || view.getUint8(1) > kinds.lastPiece || length > recordBytesMax) {
    throw junk("data that is not a record");
  }
  return headerBytes + length;
}

function record(kind: Kind, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headerBytes + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, magic);
  view.setUint8(1, kind);
  view.setUint32(2, payload.length);
  bytes.set(payload, headerBytes);
  return bytes;
}

function join(chunks: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const [only] = chunks;
  if (chunks.length === 1 && only) return only as Uint8Array<ArrayBuffer>;
  const all = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

function parseControl(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw junk("a control message that is not JSON");
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function encode(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function junk(what: string): AppError {
  return new AppError("host_gone", `Cannot read the pipe of a host: it held ${what}`);
}
