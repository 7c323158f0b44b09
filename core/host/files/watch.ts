/** Watches a folder and calls back once after each burst of changes. */

const quietMs = 100;

/** Watches until the signal aborts. Ignores the kinds of changes, which are unreliable. */
export async function watchFolder(
  folder: string,
  signal: AbortSignal,
  onChange: () => void,
): Promise<void> {
  if (signal.aborted) return;
  const watcher = Deno.watchFs(folder, { recursive: true });
  const stop = (): void => watcher.close();
  signal.addEventListener("abort", stop, { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  for await (const { kind } of watcher) {
    if (kind === "access") continue;
    clearTimeout(timer);
    timer = setTimeout(onChange, quietMs);
  }
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
}
