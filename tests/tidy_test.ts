/**
 * Holds the tree to its own rules: which room may import which, no cycles, files, functions and
 * lines of bounded length, nothing left over. A new arrow is a decision, made here.
 */

import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { arrows, common } from "./support/arrows.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const fileLinesMax = 400;
const fileLinesMedianMax = 90;
const functionLinesMax = 70;
const lineLengthMax = 100;
/** More files than that in one folder, and it gets sub-rooms. */
const filesOfRoomMax = 16;

/** What may be reached from cli.ts: a command must start in an instant. */
const tooHeavyForCli = ["zod", "@libsql/client", "hono", "yaml", "yahoo-finance2", "uuid"];

interface SourceFile {
  /** From the project's folder, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Paths of the project's files, and names of packages. */
  readonly imports: readonly string[];
}

const files = await readSources(["main.ts", "cli.ts", "core", "agents", "tests"]);
const sources = files.filter(({ path }) => !path.startsWith("tests/"));

Deno.test("every import follows an arrow of the map", () => {
  const wrong = sources.flatMap(({ path, imports }) => {
    const home = homeOf(path);
    const own = arrows[home];
    if (!own) return [`${path}: "${home}" is not in the map`];
    if (own.includes("*")) return [];
    const allowed = [...own, ...common];
    return imports
      .filter((target) => homeOf(target) !== home && !mayImport(allowed, target))
      .map((target) => `${path} may not import ${target}`);
  });
  assert.deepEqual(wrong, []);
});

Deno.test("the map names what exists, and no arrow that nobody follows", () => {
  const homes = new Set(sources.map(({ path }) => homeOf(path)));
  const idle = Object.entries(arrows).flatMap(([home, targets]) => {
    if (!homes.has(home)) return [`"${home}" is gone`];
    const followed = sources.filter(({ path }) => homeOf(path) === home)
      .flatMap(({ imports }) => imports);
    return targets
      .filter((target) => target !== "*" && !followed.some((path) => mayImport([target], path)))
      .map((target) => `no file of ${home} imports ${target}`);
  });
  assert.deepEqual(idle, []);
  const paths = files.map(({ path }) => path);
  assert.deepEqual(common.filter((path) => !paths.includes(path)), []);
});

Deno.test("nobody but the store's adapter speaks SQL", () => {
  const sql = /json_each|\bSELECT\s.*\sFROM\b|\bINSERT INTO\b|\bDELETE FROM\b|\bUPDATE \w+ SET\b/s;
  const speaking = sources.filter(({ path, text }) =>
    !path.startsWith("core/store/sqlite/") && sql.test(text)
  );
  assert.deepEqual(speaking.map(({ path }) => path), []);
  const knowing = sources.filter(({ path, imports }) =>
    !path.startsWith("core/store/sqlite/") &&
    imports.some((target) => target.startsWith("core/store/sqlite/"))
  );
  assert.deepEqual(knowing.map(({ path }) => path).sort(), [
    "core/daemon.ts",
    "core/daemon/offline.ts",
  ]);
});

Deno.test("files do not import each other in circles", () => {
  const byPath = new Map(sources.map((file) => [file.path, file]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
    } else if (!done.has(path)) {
      for (const target of byPath.get(path)?.imports ?? []) walk(target, [...trail, path]);
      done.add(path);
    }
  };
  for (const { path } of sources) walk(path, []);
  assert.deepEqual(cycles, []);
});

Deno.test("the CLI loads nothing of the daemon", () => {
  const byPath = new Map(sources.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const walk = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    byPath.get(path)?.imports.forEach(walk);
  };
  walk("cli.ts");
  assert.ok(reached.size > 3, "cli.ts imports its parts");
  assert.deepEqual([...reached].filter((path) => tooHeavyForCli.includes(path)), []);
});

Deno.test("files, functions and lines keep their length", () => {
  const long = files.flatMap(({ path, text }) => {
    const lines = text.split("\n");
    const wide = lines.flatMap((line, index) =>
      line.length > lineLengthMax && !line.trimStart().startsWith("Deno.test(")
        ? [`${path}:${index + 1} has ${line.length} columns`]
        : []
    );
    const deep = functionsOf(lines)
      .filter(({ length }) => length > functionLinesMax)
      .map(({ line, length }) => `${path}:${line} begins a function of ${length} lines`);
    const tall = lines.length > fileLinesMax ? [`${path} has ${lines.length} lines`] : [];
    return [...tall, ...wide, ...deep];
  });
  assert.deepEqual(long, []);
  const lengths = sources.map(({ text }) => text.split("\n").length).sort((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
  assert.ok(median <= fileLinesMedianMax, `half of the files have more than ${median} lines`);
});

Deno.test("a folder of many files has sub-rooms", () => {
  const counts = Map.groupBy(sources, ({ path }) => dirname(path));
  const crowded = [...counts].filter(([folder, { length }]) =>
    folder !== "." && length > filesOfRoomMax
  );
  assert.deepEqual(crowded.map(([folder]) => folder), []);
});

Deno.test("every source file begins with what it is for", () => {
  // A test's name says what it is for.
  const silent = files.filter(({ path, text }) =>
    !path.endsWith("_test.ts") && !text.startsWith("/**")
  ).map(({ path }) => path);
  assert.deepEqual(silent, []);
});

Deno.test("nothing is left over or loosened", () => {
  const marks = /\bTO[D]O\b|\bFIX[M]E\b|\bas [a]ny[;,)\]]|@ts-[i]gnore/;
  const found = files.filter(({ text }) => marks.test(text)).map(({ path }) => path);
  assert.deepEqual(found, []);
});

function mayImport(allowed: readonly string[], target: string): boolean {
  return allowed.some((entry) => target === entry || homeOf(target) === entry);
}

/** `core/bus/link.ts` lives in `core/bus`, `core/log.ts` and packages in themselves. */
function homeOf(path: string): string {
  const folder = dirname(path);
  return !path.endsWith(".ts") || folder === "." || folder === "core" ? path : folder;
}

/**
 * The functions of a formatted file: the formatter puts what closes a body at the indentation of
 * the line that opens it. A test of steps is a list of functions: each counts, not the list.
 */
function functionsOf(lines: readonly string[]): { line: number; length: number }[] {
  const named = /\bfunction\b.*\{$|=> \{$|^\)(: .*)? \{$/;
  const method = /^((static|async|get|set) )*#?\w+(<.*>)?\(.*\)(: .*)? \{$/;
  const keeps = /^(if|for|while|switch|catch|\}|do|try)\b/;
  return lines.flatMap((text, index) => {
    const code = text.trimStart();
    if (!(named.test(code) || method.test(code)) || keeps.test(code)) return [];
    const indent = text.length - code.length;
    const inner = lines.slice(index + 1)
      .findIndex((line) => line.trim() !== "" && line.length - line.trimStart().length <= indent);
    const isListOfSteps = code.startsWith("Deno.test(") &&
      lines.slice(index, index + inner).some((line) => line.includes(".step("));
    if (isListOfSteps) return [];
    return [{ line: index + 1, length: inner + 2 }];
  });
}

async function readSources(paths: readonly string[]): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for (const path of paths) {
    if (path.endsWith(".ts")) {
      const text = await Deno.readTextFile(join(root, path));
      found.push({ path, text, imports: importsOf(path, text) });
    } else {
      for await (const { name, isFile } of Deno.readDir(join(root, path))) {
        if (isFile && !name.endsWith(".ts")) continue;
        found.push(...await readSources([`${path}/${name}`]));
      }
    }
  }
  return found;
}

function importsOf(path: string, text: string): string[] {
  const statements = text.matchAll(/^(?:import|export)\s(?:[^"';]*?\sfrom\s)?"([^"]+)";$/gm);
  return [...statements].flatMap(([, target = ""]) => {
    if (target.startsWith("node:")) return [];
    if (target.startsWith(".")) return [normalize(join(dirname(path), target))];
    const [scope = "", name] = target.split("/");
    return [
      target.startsWith("100ac") ? target : scope.startsWith("@") ? `${scope}/${name}` : scope,
    ];
  });
}
