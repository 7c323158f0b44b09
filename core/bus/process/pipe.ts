/**
 * Records over a byte stream to a child process: frames, control messages, and large bodies. Small
 * records go first and large bodies go in pieces, so nothing waits for a whole large body.
 *
 * A record is a magic byte, its kind, the length of its payload (4 bytes, big-endian) and the
 * payload. Anything else on the stream ends the pipe, because what follows cannot be trusted.
 * Frames are dropped while too many bytes are queued, since their link resends them; control
 * messages and bodies are never dropped.
 */

import { AppError } from "../../errors.ts";

const magic = 0xac;
const headerBytes = 6;
const pieceBytes = 64 * 1024;
const recordBytesMax = 80 * 1024 * 1024;
const waitingFrameBytesMax = 16 * 1024 * 1024;

const kinds = { frame: 0, control: 1, piece: 2, lastPiece: 3 } as const;
type Kind = (typeof kinds)[keyof typeof kinds];

export interface PipeListener {
  frame(value: unknown): void;
  control(value: unknown): void;
  /** A complete large body. */
  bulk(text: string): void;
  /** Called once, when the stream ends or holds something that is not a record. */
  ended(error: AppError | undefined): void;
}

export class Pipe {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #listener: PipeListener;
  readonly #urgent: Uint8Array<ArrayBuffer>[] = [];
  readonly #bulk: { readonly bytes: Uint8Array<ArrayBuffer>; offset: number }[] = [];
  #urgentBytes = 0;
  #writing = false;
  #ended = false;

  constructor(
    readable: ReadableStream<Uint8Array>,
    writable: WritableStream<Uint8Array>,
    listener: PipeListener,
  ) {
    this.#writer = writable.getWriter();
    this.#listener = listener;
    this.#read(readable).then(
      () => this.#end(undefined),
      (thrown) => this.#end(toPipeError(thrown)),
    );
  }

  sendFrame(value: unknown): void {
    if (this.#urgentBytes > waitingFrameBytesMax) return;
    this.#send(record(kinds.frame, encode(JSON.stringify(value))));
  }

  sendControl(value: unknown): void {
    this.#send(record(kinds.control, encode(JSON.stringify(value))));
  }

  sendBulk(text: string): void {
    this.#bulk.push({ bytes: encode(text), offset: 0 });
    this.#write();
  }

  /** Closes the writing side, so that the reader sees the end of the stream. */
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
    this.#writing = true;
    // A failed write means that the process has ended; its exit status gives the reason.
    this.#writeAll().catch(() => this.#end(undefined));
  }

  async #writeAll(): Promise<void> {
    while (!this.#ended) {
      const bytes = this.#urgent.length > 0 ? this.#takeUrgent() : this.#takePiece();
      if (!bytes) break;
      await this.#writer.write(bytes);
    }
    // In the same turn as the check above: a record added later must start a new write loop.
    this.#writing = false;
  }

  /** All queued urgent records, joined into one write. */
  #takeUrgent(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#urgentBytes);
    let offset = 0;
    for (const bytes of this.#urgent.splice(0)) {
      all.set(bytes, offset);
      offset += bytes.length;
    }
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

  async #read(readable: ReadableStream<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    let piecesBytes = 0;
    for await (const { kind, payload } of records(readable)) {
      if (this.#ended) return;
      if (kind === kinds.frame) this.#listener.frame(JSON.parse(decode(payload)));
      else if (kind === kinds.control) this.#listener.control(JSON.parse(decode(payload)));
      else {
        pieces.push(payload);
        piecesBytes += payload.length;
        if (piecesBytes > recordBytesMax) throw junk("a body that is too long");
        if (kind !== kinds.lastPiece) continue;
        this.#listener.bulk(decode(join(pieces.splice(0), piecesBytes)));
        piecesBytes = 0;
      }
    }
  }

  #end(error: AppError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    // The writer may already be closed or broken; both are fine at the end.
    this.#writer.close().catch(() => undefined);
    this.#listener.ended(error);
  }
}

interface ReadRecord {
  readonly kind: Kind;
  readonly payload: Uint8Array;
}

/** The records of a stream, however it is chunked. */
async function* records(readable: ReadableStream<Uint8Array>): AsyncGenerator<ReadRecord> {
  let chunks: Uint8Array[] = [];
  let bytes = 0;
  let wanted = headerBytes;
  for await (const chunk of readable) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes < wanted) continue;
    let rest = join(chunks, bytes);
    while (rest.length >= (wanted = recordLength(rest))) {
      yield { kind: rest[1] as Kind, payload: rest.slice(headerBytes, wanted) };
      rest = rest.subarray(wanted);
    }
    chunks = [rest];
    bytes = rest.length;
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

function join(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only) return only;
  const all = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
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

function toPipeError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  return new AppError("host_gone", `Cannot use the pipe of a host: ${String(thrown)}`);
}
