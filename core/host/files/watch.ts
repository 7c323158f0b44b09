/** Tells when a folder has changed: once a burst of changes is over, whatever they were. */

const quietMs = 100;

/** Watches until the signal is aborted. Kinds are not looked at: they are not to be relied on. */
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
