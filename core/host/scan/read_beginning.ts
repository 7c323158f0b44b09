/** Reads a stream to its end, so that the writer is not blocked, and returns its first part. */
export async function readBeginning(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  charactersMax: number,
): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    if (text.length < charactersMax) text += chunk;
  }
  return text.slice(0, charactersMax);
}
