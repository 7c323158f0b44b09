/** Watches a folder and calls back once after each burst of changes. */

const quietMs = 100;
/** A file that is written all the time is read this long after its first change. */
const burstMsMax = 1_000;
const pollMs = 2_000;

/**
 * Watches until the signal aborts. Ignores the kinds of changes, which are unreliable. A folder
 * that can't be watched (a subfolder may be unreadable) counts as changed every two seconds.
 */
export async function watchFolder(
  folder: string,
  signal: AbortSignal,
  onChange: () => void,
): Promise<void> {
  if (signal.aborted) return;
  const watcher = openWatcher(folder);
  if (!watcher) return await poll(signal, onChange);
  const stop = (): void => watcher.close();
  signal.addEventListener("abort", stop, { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let firstAtMs: number | undefined;
  for await (const { kind } of watcher) {
    if (kind === "access") continue;
    firstAtMs ??= performance.now();
    const leftMs = firstAtMs + burstMsMax - performance.now();
    clearTimeout(timer);
    timer = setTimeout(() => {
      firstAtMs = undefined;
      onChange();
    }, Math.max(0, Math.min(quietMs, leftMs)));
  }
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
}

function openWatcher(folder: string): Deno.FsWatcher | undefined {
  try {
    return Deno.watchFs(folder, { recursive: true });
  } catch {
    return undefined;
  }
}

function poll(signal: AbortSignal, onChange: () => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(onChange, pollMs);
    signal.addEventListener("abort", () => {
      clearInterval(timer);
      resolve();
    }, { once: true });
  });
}
