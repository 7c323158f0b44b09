/**
 * Server-sent events as bytes (the HTML standard's `text/event-stream`). A frame is encoded once,
 * however many readers it is sent to.
 */

const encoder = new TextEncoder();

/** A line that no reader sees as an event: it shows that the stream lives. */
export const heartbeat: Frame = encoder.encode(":\n\n");

/** Never written to once it is made: readers share it. */
export type Frame = Uint8Array<ArrayBuffer>;

/** One event; `data` may have several lines, `event` and `id` none. */
export function frameOf(
  { event, data, id }: { readonly event: string; readonly data: string; readonly id?: number },
): Frame {
  const number = id === undefined ? "" : `id: ${id}\n`;
  const lines = data.replaceAll(/\r\n|\r|\n/g, "\ndata: ");
  return encoder.encode(`${number}event: ${event}\ndata: ${lines}\n\n`);
}

/** Frames as one piece for the socket. */
export function joined(frames: readonly Frame[]): Frame {
  const [only] = frames;
  if (only && frames.length === 1) return only;
  const whole = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const frame of frames) {
    whole.set(frame, at);
    at += frame.length;
  }
  return whole;
}
