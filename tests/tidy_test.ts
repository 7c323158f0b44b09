/**
 * Holds the tree to its own rules: which part may import which, no cycles, files and lines of
 * bounded length, nothing left over. A new arrow is a decision, made here.
 */

import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const linesMax = 400;
const lineLengthMax = 100;

/** Pure files at the top of core that everything may use. */
const common = [
  "core/budget.ts",
  "core/errors.ts",
  "core/ids.ts",
  "core/closest.ts",
  "core/mask.ts",
  "core/statuses.ts",
  "core/version.ts",
];

/** What each part may import beside {@link common} and itself. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  // The daemon is imported dynamically: its supervisor loads nothing of it.
  "main.ts": ["core/supervisor.ts"],
  "cli.ts": ["core/cli"],
  "agents": [],
  "core/errors.ts": [],
  "core/ids.ts": ["uuid"],
  "core/closest.ts": [],
  "core/mask.ts": [],
  "core/statuses.ts": [],
  "core/version.ts": [],
  "core/log.ts": [],
  "core/config.ts": ["core/log.ts", "zod"],
  "core/folders.ts": ["core/config.ts"],
  "core/sdk.ts": ["core/market/shapes.ts", "zod"],
  "core/calendar": [],
  "core/bus": ["zod"],
  "core/store": ["core/log.ts", "@libsql/client"],
  // The pure half of schedules alone: what a file says of them, and when they are due.
  "core/workflow": [
    "core/calendar",
    "core/schedule/next.ts",
    "core/schedule/rule.ts",
    "@marcbachmann/cel-js",
    "yaml",
    "zod",
  ],
  "core/schedule": ["core/calendar", "core/log.ts", "core/store", "croner"],
  "core/engine": ["core/log.ts", "core/store", "core/workflow"],
  "core/host": ["core/bus", "core/log.ts", "core/sdk.ts", "100ac", "100ac/calendar", "zod"],
  "core/market": ["core/store", "zod"],
  "core/cache": ["core/store", "zod"],
  "core/http": [
    "core/bus",
    "core/cache",
    "core/config.ts",
    "core/engine",
    "core/host",
    "core/calendar",
    "core/log.ts",
    "core/market",
    "core/schedule",
    "core/store",
    "core/workflow",
    "hono",
    "zod",
  ],
  "core/cli": ["core/http/api.ts"],
  "core/daemon.ts": ["*"],
  "core/daemon_process.ts": [
    "core/config.ts",
    "core/daemon.ts",
    "core/log.ts",
    "core/supervisor.ts",
  ],
  "core/supervisor.ts": ["core/log.ts"],
  "core/demo": ["*"],
};

/** Packages that only one place may use: agents bring their own. */
const packagesOf: Readonly<Record<string, readonly string[]>> = {
  "agents": ["100ac", "100ac/calendar", "yahoo-finance2"],
};

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
    const allowed = [...own, ...common, ...packagesOf[home] ?? [], home];
    return imports
      .filter((target) => !allowed.includes("*") && !mayImport(allowed, target))
      .map((target) => `${path} may not import ${target}`);
  });
  assert.deepEqual(wrong, []);
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

Deno.test("files and lines keep their length", () => {
  const long = files.flatMap(({ path, text }) => {
    const lines = text.split("\n");
    const wide = lines.flatMap((line, index) =>
      line.length > lineLengthMax && !line.trimStart().startsWith("Deno.test(")
        ? [`${path}:${index + 1} has ${line.length} columns`]
        : []
    );
    return lines.length > linesMax ? [`${path} has ${lines.length} lines`, ...wide] : wide;
  });
  assert.deepEqual(long, []);
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
  return allowed.some((entry) =>
    target === entry || homeOf(target) === entry || target.startsWith(`${entry}/`)
  );
}

/** `core/bus/link.ts` lives in `core/bus`, `core/log.ts` in itself, `agents/…` in `agents`. */
function homeOf(path: string): string {
  const [top = "", second, third] = path.split("/");
  if (top === "agents") return top;
  return top === "core" && third !== undefined ? `${top}/${second}` : path;
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
