/** The thread of bus_echo_worker.ts: `using thread = await startEchoThread(name, "echo")`. */

/** A thread at `address` on the channel `name`; ends with its test. */
export async function startEchoThread(name: string, address: string): Promise<Disposable> {
  const worker = new Worker(new URL("./bus_echo_worker.ts", import.meta.url), { type: "module" });
  await new Promise((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = reject;
    worker.postMessage({ name, address });
  });
  return { [Symbol.dispose]: () => worker.terminate() };
}
