/**
 * Reads manifests without running agents in the daemon: a child process that may read only the
 * agents folder imports the files one by one. A file that does not finish within {@link
 * scanFileMsMax} is killed with its process, and a new process continues with the rest. What an
 * earlier file left behind (a timer that throws or loops) can end the process during the import of
 * a later one, so a file is blamed only if it was the first of its process.
 */

import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { AppError, type ErrorData, isErrorData } from "../../errors.ts";
import { newOpaqueId } from "../../ids.ts";
import type { AgentFile } from "../files/find.ts";
import { isManifest, type Manifest } from "../manifest/manifest.ts";
import { childEnvironment, readFlags } from "../child.ts";
import { readBeginning } from "./read_beginning.ts";
import { toFileUrl } from "../url.ts";

/** Of all paths on one command line. */
const argumentCharactersMax = 100_000;
/** Of a core, for the files of one command line. */
const lintSecondsMax = 5;
const coreFolder = fileURLToPath(new URL("../../", import.meta.url));
export const scanFileMsMax = 5_000;
/** Characters of a line of the scan; manifests are smaller. */
const lineMax = 4 * 1024 * 1024;
const complaintMax = 10_000;

/** The setup that the scan process reads from its standard input. */
export interface ScanSetup {
  /** Begins each line of the scan. Agents may print too, and must not know it. */
  readonly mark: string;
  readonly files: readonly AgentFile[];
}

/** The lines that the scan process prints. */
export type ScanLine =
  | { readonly kind: "begin"; readonly name: string }
  | { readonly kind: "manifest"; readonly name: string; readonly manifest: Manifest }
  | { readonly kind: "error"; readonly name: string; readonly error: ErrorData };

export type ScanResult =
  | { readonly file: AgentFile; readonly manifest: Manifest }
  | { readonly file: AgentFile; readonly error: ErrorData };

export interface ScanOptions {
  /** Folders that imports may read: the agents folder and node_modules. */
  readonly readable: readonly string[];
  /** Links in the agents folder that leave it. */
  readonly linksOut?: readonly string[];
  readonly signal: AbortSignal;
  /** How long the import of one file may take. */
  readonly fileMsMax?: number;
}

/** Scans the files; returns one result for each, in the same order. */
export async function scanAgents(
  files: readonly AgentFile[],
  options: ScanOptions,
): Promise<ScanResult[]> {
  const results = new Map<string, ScanResult>();
  const looked = findDuplicateKeys(files, options.signal);
  const scanned = scanInTurn(files, results, options);
  // If one of them fails, wait until the other's process has ended too.
  await Promise.allSettled([looked, scanned]);
  await scanned;
  const loaded = files.filter(({ name }) => "manifest" in (results.get(name) ?? {}));
  // A source that crashes the linter, but not the runtime, stops it for all files; then look only
  // at the files that loaded.
  const duplicates = await looked ?? await findDuplicateKeys(loaded, options.signal) ?? [];
  for (const { name, key, line } of duplicates) {
    const result = results.get(name);
    if (!result || !("manifest" in result)) continue;
    if (!result.manifest.capabilities.some((capability) => capability.name === key)) continue;
    const message = `Cannot load agent "${name}": capabilities.${key}: is declared twice in ` +
      `the object that begins in line ${line}; remove or rename one`;
    results.set(name, { file: result.file, error: { code: "invalid_manifest", message } });
  }
  return files.map((file) => results.get(file.name) ?? neverAnswered(file, options));
}

async function scanInTurn(
  files: readonly AgentFile[],
  results: Map<string, ScanResult>,
  options: ScanOptions,
): Promise<void> {
  let rest = files;
  options.signal.throwIfAborted();
  while (rest.length > 0) {
    await scanInOneProcess(rest, results, options);
    options.signal.throwIfAborted();
    const [first] = rest;
    // Each process settles at least its first file, so this loop ends.
    if (first && !results.has(first.name)) results.set(first.name, neverAnswered(first, options));
    rest = rest.filter(({ name }) => !results.has(name));
  }
}

async function scanInOneProcess(
  files: readonly AgentFile[],
  results: Map<string, ScanResult>,
  { readable, linksOut = [], signal, fileMsMax = scanFileMsMax }: ScanOptions,
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-remote",
      ...readFlags([...readable, coreFolder], linksOut),
      new URL("../inside/scan_process.ts", import.meta.url).href,
    ],
    clearEnv: true,
    env: childEnvironment(),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).spawn();
  const complaint = readBeginning(child.stderr, complaintMax);
  const setup: ScanSetup = { mark: `100ac-scan-${newOpaqueId()} `, files };
  const input = child.stdin.getWriter();
  // It stays open: its end lets the process know that the daemon has ended.
  await input.write(new TextEncoder().encode(`${JSON.stringify(setup)}\n`));
  const byName = new Map(files.map((file) => [file.name, file]));
  let began = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let current: AgentFile | undefined;
  for await (const text of lines(child.stdout)) {
    const line = toScanLine(text, setup.mark);
    const file = line && byName.get(line.name);
    // A settled result stays, and a line out of turn is ignored, even if an agent learnt the mark.
    if (!file || results.has(file.name)) continue;
    if (line.kind !== "begin" && file !== current) continue;
    clearTimeout(timer);
    if (line.kind === "begin") {
      current = file;
      began = true;
      timer = setTimeout(() => child.kill("SIGKILL"), fileMsMax);
    } else if (line.kind === "manifest") {
      results.set(file.name, { file, manifest: line.manifest });
    } else {
      results.set(file.name, { file, error: withFile(file, line.error) });
    }
  }
  clearTimeout(timer);
  await child.status;
  // The process has already ended, and its end of the pipe with it.
  await input.close().catch(() => undefined);
  const found = stripVTControlCharacters(await complaint).trim();
  if (!began && !signal.aborted) {
    throw new AppError("internal", `Cannot scan the agents: the scan did not start: ${found}`);
  }
}

/** A line of the scan; undefined for a line that an agent printed. */
function toScanLine(text: string, mark: string): ScanLine | undefined {
  if (!text.startsWith(mark)) return undefined;
  try {
    const line = JSON.parse(text.slice(mark.length)) as Partial<Record<string, unknown>>;
    return isScanLine(line) ? line : undefined;
  } catch {
    return undefined;
  }
}

function isScanLine(line: Partial<Record<string, unknown>>): line is ScanLine & typeof line {
  switch (line["kind"]) {
    case "begin":
      return true;
    case "manifest":
      return isManifest(line["manifest"]);
    case "error":
      return isErrorData(line["error"]);
    default:
      return false;
  }
}

function neverAnswered(file: AgentFile, { fileMsMax = scanFileMsMax }: ScanOptions): ScanResult {
  const message = `Cannot load agent "${file.name}": its import ended the process or took longer ` +
    `than ${fileMsMax / 1_000} s; do no work at the top level`;
  return { file, error: { code: "invalid_manifest", message } };
}

function withFile(file: AgentFile, thrown: ErrorData): ErrorData {
  const prefix = `Cannot load agent "${file.name}": `;
  // Refusals during the import have codes of their own; for the scan all are invalid manifests.
  const error: ErrorData = { ...thrown, code: "invalid_manifest" };
  if (error.message.startsWith(prefix)) return error;
  // The runtime colours its messages, draws the code, and puts the place last.
  const folder = toFileUrl(file.path.slice(0, -file.name.length));
  const text = stripVTControlCharacters(error.message).replaceAll(folder, "");
  const [reason = ""] = text.split("\n");
  const [, place] = /\n {4}at (\S+:\d+:\d+)/.exec(text) ?? [];
  return { ...error, message: prefix + reason + (place ? ` at ${place}` : "") };
}

interface DuplicateKey {
  readonly name: string;
  readonly key: string;
  readonly line: number;
}

/**
 * Keys that an object literal repeats, of which the runtime silently keeps the last. Undefined when
 * the linter did not finish.
 */
async function findDuplicateKeys(
  files: readonly AgentFile[],
  signal: AbortSignal,
): Promise<DuplicateKey[] | undefined> {
  const found: DuplicateKey[] = [];
  for (const some of batchesOf(files)) {
    const report = await lint(some.map(({ path }) => path), signal);
    if (!report) return undefined;
    const names = new Map(some.map((file) => [toFileUrl(file.path), file.name]));
    for (const { filename, message, range } of report.diagnostics) {
      const name = names.get(filename);
      const key = /'(.*)'/.exec(message)?.[1];
      if (name && key) found.push({ name, key, line: range.start.line });
    }
  }
  return found;
}

/** As many files at a time as their paths fit on a command line. */
function* batchesOf(files: readonly AgentFile[]): Generator<readonly AgentFile[]> {
  let batch: AgentFile[] = [];
  let characters = 0;
  for (const file of files) {
    if (characters + file.path.length > argumentCharactersMax && batch.length > 0) {
      yield batch;
      [batch, characters] = [[], 0];
    }
    batch.push(file);
    characters += file.path.length;
  }
  if (batch.length > 0) yield batch;
}

/** The linter's report on files; undefined when it took too long, or crashed. */
async function lint(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<LintReport | undefined> {
  const args = ["lint", "--no-config", "--json", "--rules-tags=", "--rules-include=no-dupe-keys"];
  // The shell's bound holds even if the daemon has ended: some files take the linter for ever.
  const script = `ulimit -t ${lintSecondsMax}; exec "$@"`;
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", script, "100ac-lint", Deno.execPath(), ...args, ...paths],
    clearEnv: true,
    env: childEnvironment(),
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    signal,
  }).output();
  return toLintReport(new TextDecoder().decode(stdout));
}

interface LintReport {
  readonly diagnostics: readonly {
    readonly filename: string;
    readonly message: string;
    readonly range: { readonly start: { readonly line: number } };
  }[];
}

function toLintReport(text: string): LintReport | undefined {
  try {
    return JSON.parse(text) as LintReport;
  } catch {
    return undefined; // the linter crashed
  }
}

async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    // Too long for a line of the scan, which always starts on a new line.
    if (rest.length > lineMax) rest = "";
    yield* parts;
  }
}
