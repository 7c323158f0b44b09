/**
 * The agents folder and what its files declare. Only files that changed since the last look are
 * scanned. Results are cached across restarts, keyed by content, so a start need not scan.
 */

import { AppError } from "../../errors.ts";
import { type AgentFile, type AgentFolder, findAgentFiles } from "../files/find.ts";
import { type Content, readContent } from "../files/content.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { scanAgents, type ScanResult } from "./scan.ts";

/** A file as last read. */
export interface ReadFile {
  readonly result: ScanResult;
  readonly hash: string;
  readonly content: Content;
}

/** A manifest with the content it was scanned from. */
export interface ScannedManifest {
  readonly file: string;
  readonly hash: string;
  readonly manifest: Manifest;
}

/** Keeps manifests across restarts. Failed files are not kept, because their reason may be gone. */
export interface ManifestCache {
  load(): Promise<readonly ScannedManifest[]>;
  save(scanned: readonly ScannedManifest[]): Promise<void>;
}

export interface AgentFilesOptions {
  readonly folder: string;
  /** Folders besides the agents folder that imports may read. */
  readonly readable: readonly string[];
  readonly cache?: ManifestCache | undefined;
  readonly signal: AbortSignal;
}

export class AgentFiles {
  readonly #options: AgentFilesOptions;
  #read: ReadonlyMap<string, ReadFile> | undefined;
  #linksOut: readonly string[] = [];

  constructor(options: AgentFilesOptions) {
    this.#options = options;
  }

  /** Links that lead out of the folder, as of the last look. Hosts must not read through them. */
  get linksOut(): readonly string[] {
    return this.#linksOut;
  }

  /**
   * Every file's current result, by name. `isFresh` selects files to scan even if unchanged.
   * @throws {AppError} `invalid_config` when the folder cannot be read.
   */
  async look(isFresh: (file: AgentFile) => boolean = () => false): Promise<readonly ReadFile[]> {
    const { folder, readable, signal, cache } = this.#options;
    const { files, unreadable, linksOut } = await findAgentFiles(folder);
    this.#linksOut = linksOut;
    const root = await Deno.realPath(folder);
    const contents = new Map<string, Content>();
    for (const { name, path } of files) contents.set(name, await readContent(root, path));
    const kept = this.#read ? [] : await cache?.load() ?? [];
    const known = (file: AgentFile): ScanResult | undefined => {
      const before = this.#read?.get(file.name);
      const hash = contents.get(file.name)?.hash;
      if (before && before.hash === hash) return before.result;
      const found = kept.find((one) => one.file === file.name && one.hash === hash);
      return found && { file, manifest: found.manifest };
    };
    const unknown = files.filter((file) => isFresh(file) || !known(file));
    const scanned = await scanAgents(unknown, {
      readable: [root, ...readable],
      linksOut,
      signal,
    });
    const byName = new Map(scanned.map((result) => [result.file.name, result]));
    const read = files.flatMap((file): ReadFile[] => {
      const result = byName.get(file.name) ?? known(file);
      const content = contents.get(file.name);
      return result && content ? [{ result, hash: content.hash, content }] : [];
    });
    this.#read = new Map(read.map((file) => [file.result.file.name, file]));
    if (unknown.length > 0) {
      await cache?.save(
        read.flatMap(({ result, hash }) =>
          "manifest" in result ? [{ file: result.file.name, hash, manifest: result.manifest }] : []
        ),
      );
    }
    return [...read, ...unreadable.map(unreadableFolder)];
  }
}

/** A folder that cannot be read is listed as a file that has failed. */
function unreadableFolder({ name, reason }: AgentFolder["unreadable"][number]): ReadFile {
  const error = new AppError("agent_unavailable", `${reason}; check its permissions`);
  const content = { hash: "unreadable", files: new Map(), writtenAtMs: 0 };
  return { result: { file: { name, path: name }, error }, hash: content.hash, content };
}
