/** What the pages name exists: files, anchors, variables, commands, tasks. */

import assert from "node:assert/strict";
import { commands } from "../../core/cli/commands.ts";
import { parseInvocation } from "../../core/cli/line/arguments.ts";
import { shippedVariables } from "../../core/shipped.ts";
import { readPages, root } from "../support/pages.ts";

const pages = await readPages();
const { tasks } = JSON.parse(await Deno.readTextFile(`${root}deno.json`));

/** Programs of others that the pages call. */
const otherPrograms = ["curl", "npm"];
/** What the reader makes. */
const filesOfReaders = ["agents/agents.yaml"];

Deno.test("every link leads to a file, and to a heading in it", async () => {
  const wrong: string[] = [];
  const links = pages.flatMap((page) => page.links);
  for (const { place, path, anchor } of links) {
    const target = pages.find((page) => page.path === path);
    if (!target && !await exists(path)) wrong.push(`${place}: ${path} does not exist`);
    else if (anchor !== "" && !target?.anchors.includes(anchor)) {
      wrong.push(`${place}: ${path} has no heading #${anchor}`);
    }
  }
  assert.ok(links.length > 10);
  assert.deepEqual(wrong, []);
});

Deno.test("every page is reached from the README", () => {
  const byPath = new Map(pages.map((page) => [page.path, page]));
  const reached = new Set(["README.md"]);
  for (const path of reached) byPath.get(path)?.links.forEach((link) => reached.add(link.path));
  assert.deepEqual([...byPath.keys()].filter((path) => !reached.has(path)), []);
});

Deno.test("every file and folder that a page names exists", async () => {
  const wrong: string[] = [];
  let named = 0;
  for (const page of pages) {
    const ofReaders = [...filesOfReaders, ...page.blocks.flatMap(({ above }) => pathsIn(above))];
    for (const path of pathsIn(page.prose).filter((path) => !ofReaders.includes(path))) {
      named++;
      if (!await exists(path)) wrong.push(`${page.path}: ${path}`);
    }
  }
  assert.ok(named > 20);
  assert.deepEqual(wrong, []);
});

Deno.test("every variable that a page names is one", async () => {
  const config = await Deno.readTextFile(`${root}core/config.ts`);
  const known = [...config.match(/AC100_[A-Z_]+[A-Z]/g) ?? [], ...shippedVariables];
  const wrong = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/AC100_[A-Z0-9_]*[A-Z0-9]/g)]
      .filter(([name]) => !known.includes(name) && !name.startsWith("AC100_SECRET"))
      .map(([name]) => `${path}: ${name}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("every command in a block can be typed as it stands", () => {
  const lines = pages.flatMap(({ blocks }) =>
    blocks.filter(({ language }) => language === "sh").flatMap(({ place, text }) =>
      text.replaceAll("\\\n", " ").split("\n").map((line) => ({ place, line }))
    )
  );
  const wrong = lines.flatMap(({ place, line }) => {
    const problem = problemOf(wordsOf(line));
    return problem === undefined ? [] : [`${place}: ${line}: ${problem}`];
  });
  assert.ok(lines.length > 20);
  assert.deepEqual(wrong, []);
});

Deno.test("every command in the text exists", () => {
  const named = pages.flatMap(({ path, prose }) =>
    [...prose.matchAll(/`((?:100ac|deno task) [^`]+)`/g)].map(([, text = ""]) => ({ path, text }))
  );
  const wrong = named.flatMap(({ path, text }) => {
    const [first, ...rest] = text.replace(/^deno task cli /, "100ac ").split(" ");
    const known = first === "100ac"
      ? commands.some(({ group, name }) => group === rest[0] && name === rest[1])
      : rest[1] !== undefined && rest[1] in tasks || (rest[0] ?? "") in tasks;
    return known ? [] : [`${path}: ${text}`];
  });
  assert.ok(named.length > 10);
  assert.deepEqual(wrong, []);
});

/** Paths from the project's folder that a text names as code. */
function pathsIn(text: string): string[] {
  const paths = text.matchAll(/`((?:core|agents|workflows|migrations|tests|docs)\/[\w./-]*)`/g);
  return [...paths].map(([, path = ""]) => path);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(`${root}${path}`).then(() => true, () => false);
}

/** The words of a line for the shell, without comments and variables. */
function wordsOf(line: string): string[] {
  const words = line.replace(/(^|\s)#.*$/, "").match(/'[^']*'|(?:[^\s"]|"[^"]*")+/g) ?? [];
  const plain = words.map((word) => word.replace(/^'(.*)'$|"/g, "$1"));
  return plain.slice(plain.findIndex((word) => !/^[A-Z0-9_]+=/.test(word)));
}

/** Why a command can't be run; undefined when it can. */
function problemOf(words: readonly string[]): string | undefined {
  const [program = "", ...rest] = words.join(" ").startsWith("npx -y deno@2.9.6")
    ? ["deno", ...words.slice(3)]
    : words;
  if (program === "" || otherPrograms.includes(program)) return undefined;
  if (program === "deno" && rest[0] === "task" && rest[1] === "cli") {
    return cliProblem(rest.slice(2));
  }
  if (program === "deno" && rest[0] === "task" && rest[1] !== undefined) {
    return rest[1] in tasks ? undefined : "there is no such task";
  }
  if (program === "deno" && rest[0] === "install") return undefined;
  if (program === "dist/100ac") return cliProblem(rest);
  return "this program is not expected here";
}

function cliProblem(args: readonly string[]): string | undefined {
  try {
    const { kind } = parseInvocation(args, commands, "100ac");
    return kind === "incomplete" ? "words are missing" : undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
