/** What the daemon's child processes are started with: no variable that they do not need. */

/** The environment of a child: what Deno needs, and the variables in `more` that are set. */
export function childEnvironment(more: readonly string[] = []): Record<string, string> {
  const names = ["HOME", "PATH", "DENO_DIR", "TMPDIR", ...more];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/** The flags that let a child read folders and files, but not through links that leave them. */
export function readFlags(readable: readonly string[], linksOut: readonly string[]): string[] {
  const flags = readable.length > 0 ? [`--allow-read=${readable.join(",")}`] : [];
  return linksOut.length > 0 ? [...flags, `--deny-read=${linksOut.join(",")}`] : flags;
}
