/** Reads a stream to its end, so that its writer is not held up, and gives what it began with. */
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
