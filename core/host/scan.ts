/**
 * Reads manifests without running agents here: a child process that may only read the agents
 * folder imports the files one after the other. A file that never returns is killed with its
 * process after {@link scanFileMsMax}; a new process goes on with the rest.
 */

import { stripVTControlCharacters } from "node:util";
import { AppError, type ErrorData } from "../errors.ts";
import type { AgentFile } from "./find.ts";
import type { Manifest } from "./manifest.ts";

export const scanFileMsMax = 5_000;

/** What the scan process prints. */
export type ScanLine =
  | { readonly kind: "begin"; readonly name: string }
  | { readonly kind: "manifest"; readonly name: string; readonly manifest: Manifest }
  | { readonly kind: "error"; readonly name: string; readonly error: ErrorData };

export type ScanResult =
  | { readonly file: AgentFile; readonly manifest: Manifest }
  | { readonly file: AgentFile; readonly error: ErrorData };

export interface ScanOptions {
  /** Folders that imports may read: the agents folder, and node_modules. */
  readonly readable: readonly string[];
  readonly signal: AbortSignal;
}

/** One result for each file, in the files' order. */
export async function scanAgents(
  files: readonly AgentFile[],
  options: ScanOptions,
): Promise<ScanResult[]> {
  const results = new Map<string, ScanResult>();
  const [duplicates] = await Promise.all([
    findDuplicateKeys(files, options.signal),
    scanInTurn(files, results, options),
  ]);
  for (const { name, key, line } of duplicates) {
    const result = results.get(name);
    if (!result || !("manifest" in result)) continue;
    if (!result.manifest.capabilities.some((capability) => capability.name === key)) continue;
    const message = `Cannot load agent "${name}": capabilities.${key}: is declared twice, again ` +
      `in line ${line}; remove or rename one`;
    results.set(name, { file: result.file, error: { code: "invalid_manifest", message } });
  }
  return files.map((file) => results.get(file.name) ?? neverAnswered(file));
}

async function scanInTurn(
  files: readonly AgentFile[],
  results: Map<string, ScanResult>,
  options: ScanOptions,
): Promise<void> {
  let rest = files;
  while (rest.length > 0) {
    options.signal.throwIfAborted();
    await scanInOneProcess(rest, results, options);
    const left = rest.filter(({ name }) => !results.has(name));
    // Each process settles at least its first file, so this ends.
    const [first] = left;
    if (first && left.length === rest.length) results.set(first.name, neverAnswered(first));
    rest = left.filter(({ name }) => !results.has(name));
  }
}

async function scanInOneProcess(
  files: readonly AgentFile[],
  results: Map<string, ScanResult>,
  { readable, signal }: ScanOptions,
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-remote",
      `--allow-read=${readable.join(",")}`,
      new URL("./scan_process.ts", import.meta.url).pathname,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).spawn();
  const complaint = new Response(child.stderr).text();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(files)));
  await input.close();
  const byName = new Map(files.map((file) => [file.name, file]));
  let current: AgentFile | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  for await (const text of lines(child.stdout)) {
    clearTimeout(timer);
    const line = JSON.parse(text) as ScanLine;
    const file = byName.get(line.name);
    if (!file) continue;
    if (line.kind === "begin") {
      current = file;
      timer = setTimeout(() => child.kill("SIGKILL"), scanFileMsMax);
    } else if (line.kind === "manifest") {
      results.set(file.name, { file, manifest: line.manifest });
    } else {
      results.set(file.name, { file, error: withFile(file, line.error) });
    }
  }
  clearTimeout(timer);
  await child.status;
  if (!current) {
    const found = stripVTControlCharacters(await complaint).trim();
    throw new AppError("internal", `Cannot scan the agents: the scan did not start: ${found}`);
  }
  await complaint;
  if (!results.has(current.name)) results.set(current.name, neverAnswered(current));
}

function neverAnswered(file: AgentFile): ScanResult {
  const message = `Cannot load agent "${file.name}": its import ended the process or took longer ` +
    `than ${scanFileMsMax / 1_000} s; do no work at the top level`;
  return { file, error: { code: "invalid_manifest", message } };
}

function withFile(file: AgentFile, error: ErrorData): ErrorData {
  const prefix = `Cannot load agent "${file.name}": `;
  if (error.message.startsWith(prefix)) return error;
  // The runtime colours its messages and adds where in the module graph it stood.
  const [reason = ""] = stripVTControlCharacters(error.message).split("\n    at ");
  return { ...error, message: prefix + reason };
}

interface DuplicateKey {
  readonly name: string;
  readonly key: string;
  readonly line: number;
}

/** Keys an object literal holds twice: the runtime keeps the last one without a word. */
async function findDuplicateKeys(
  files: readonly AgentFile[],
  signal: AbortSignal,
): Promise<DuplicateKey[]> {
  if (files.length === 0) return [];
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "lint",
      "--no-config",
      "--json",
      "--rules-tags=",
      "--rules-include=no-dupe-keys",
      ...files.map(({ path }) => path),
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    signal,
  }).output();
  const report = JSON.parse(new TextDecoder().decode(stdout)) as LintReport;
  const names = new Map(files.map((file) => [new URL(`file://${file.path}`).href, file.name]));
  return report.diagnostics.flatMap(({ filename, message, range }) => {
    const name = names.get(filename);
    const key = /'(.*)'/.exec(message)?.[1];
    return name && key ? [{ name, key, line: range.end.line }] : [];
  });
}

interface LintReport {
  readonly diagnostics: readonly {
    readonly filename: string;
    readonly message: string;
    readonly range: { readonly end: { readonly line: number } };
  }[];
}

async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > 16 * 1024 * 1024) {
      throw new AppError("invalid_manifest", "Cannot read a manifest: it is longer than 16 MB");
    }
    yield* parts;
  }
}
