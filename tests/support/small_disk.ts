/**
 * A file system of its own, small enough to be filled: memory that is mounted, which takes root's
 * rights. `using disk = mountSmallDisk(8)`.
 */

export interface SmallDisk extends Disposable {
  readonly path: string;
  /** Takes all the room that is left. */
  fill(): void;
  /** Gives it back. */
  empty(): void;
  /** From now on nothing of it can be written. */
  makeReadOnly(): void;
}

/** Why none can be mounted here; undefined where it can. */
export function whyNoSmallDisk(): string | undefined {
  if (Deno.build.os !== "linux") return `there is no tmpfs on ${Deno.build.os}`;
  if (Deno.uid() !== 0) return "only root may mount a disk";
  try {
    mountSmallDisk(1)[Symbol.dispose]();
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** @throws {Error} where {@link whyNoSmallDisk} says so. */
export function mountSmallDisk(megabytes: number): SmallDisk {
  const path = Deno.makeTempDirSync({ prefix: "100ac-disk-" });
  const ballast = `${path}/ballast`;
  try {
    run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path);
  } catch (thrown) {
    Deno.removeSync(path);
    throw thrown;
  }
  return {
    path,
    fill: () => fill(ballast),
    empty: () => Deno.removeSync(ballast),
    makeReadOnly: () => run("mount", "-o", "remount,ro", path),
    [Symbol.dispose]: () => {
      run("umount", "--lazy", path);
      Deno.removeSync(path);
    },
  };
}

function fill(path: string): void {
  using file = Deno.openSync(path, { write: true, create: true, append: true });
  const bytes = new Uint8Array(4_096);
  try {
    while (file.writeSync(bytes) > 0);
  } catch (thrown) {
    // What the system says of a full disk has no class of its own.
    if (!(thrown instanceof Error && thrown.message.includes("os error 28"))) throw thrown;
  }
}

function run(command: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(command, { args }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}
