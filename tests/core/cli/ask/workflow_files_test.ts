/** `workflow validate` and `workflow save`: with a daemon, and without one. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../../../core/cli/main.ts";
import { makeTempFolder, type TempFolder } from "../../../support/temp_folder.ts";
import { problem, type Route, startFakeDaemon } from "../fake_daemon.ts";
import { plainLook } from "../plain_look.ts";

const text = "name: w\nsteps: [{ name: s, agent: a, capability: c }]\n";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(args: readonly string[], env: Record<string, string>): Promise<Outcome> {
  let [out, err] = ["", ""];
  const terminal = {
    writeOut: (text: string) => void (out += text),
    writeErr: (text: string) => void (err += text),
    look: () => plainLook(),
    isLive: false,
  };
  return { code: await runCli(args, terminal, (name) => env[name]), out, err };
}

async function withDaemon(
  args: readonly string[],
  routes: Readonly<Record<string, Route>>,
): Promise<Outcome> {
  await using daemon = startFakeDaemon(routes);
  return await run(args, { AC100_URL: daemon.url, AC100_TOKEN: daemon.token });
}

async function fileOf(folder: TempFolder, name: string, content: string): Promise<string> {
  const path = join(folder.path, name);
  await Deno.writeTextFile(path, content);
  return path;
}

const found = {
  file: "w.yaml",
  line: 2,
  column: 20,
  message: 'no agent "a"',
  excerpt: "steps: [\n       ^",
};

Deno.test("workflow validate shows each file's problems with a caret, and exits with 1", async () => {
  await using folder = await makeTempFolder();
  const good = await fileOf(folder, "good.yaml", text);
  const bad = await fileOf(folder, "bad.yaml", text);
  const bodies: string[] = [];
  const validate: Route = async (request) => {
    bodies.push(await request.text());
    const isGood = new URL(request.url).searchParams.get("file") === good;
    const problems = isGood ? [] : [found];
    return Response.json({ ok: isGood, workflows: ["w"], problems, warnings: [found] });
  };
  const routes = { "POST /workflows/validate": validate };
  const both = await withDaemon(["workflow", "validate", good, bad], routes);
  assert.deepEqual(bodies, [text, text]);
  assert.equal(both.code, 1);
  const shown = 'w.yaml:2:20: no agent "a"\n    steps: [\n           ^\n';
  assert.equal(
    both.out,
    `✓ ${good}: w\nwarning ${shown}✗ ${bad}: 1 problem\n${shown}warning ${shown}`,
  );
  assert.equal((await withDaemon(["workflow", "validate", good], routes)).code, 0);
});

Deno.test("workflow validate without a daemon checks what needs no agents, and says so", async () => {
  await using folder = await makeTempFolder();
  const good = await fileOf(folder, "good.yaml", text);
  const bad = await fileOf(folder, "bad.yaml", `${text}outputs: { o: "\${{ now + 1 }}" }\n`);
  const env = { AC100_URL: "http://127.0.0.1:9" };
  const fine = await run(["workflow", "validate", good], env);
  assert.deepEqual([fine.code, fine.err], [0, ""]);
  assert.match(fine.out, /No daemon answers: checked without its agents/);
  const wrong = await run(["workflow", "validate", bad], env);
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /bad\.yaml:3:20: in now \+ 1, "\+" can't take text and a number/);
});

Deno.test("workflow save puts the text under its own name, and shows why it is refused", async () => {
  await using folder = await makeTempFolder();
  const path = await fileOf(folder, "mine.yaml", text);
  const valid: Route = () =>
    Response.json({ ok: true, workflows: ["w"], problems: [], warnings: [] });
  const saved = await withDaemon(["workflow", "save", path], {
    "POST /workflows/validate": valid,
    "PUT /workflows/w": async (request) => {
      assert.equal(await request.text(), text);
      return Response.json({ name: "w", file: "/flows/w.yaml", warnings: [] }, { status: 201 });
    },
  });
  assert.deepEqual(saved, { code: 0, out: "✓ w is saved in /flows/w.yaml\n", err: "" });
  const refused = await withDaemon(["workflow", "save", path], {
    "POST /workflows/validate": () =>
      Response.json({ ok: false, workflows: [], problems: [found], warnings: [] }),
  });
  assert.equal(refused.code, 4);
  assert.match(refused.err, /Cannot save .*: it has a problem\n✗ w\.yaml:2:20: no agent "a"\n/);
  const conflict = await withDaemon(["workflow", "save", path], {
    "POST /workflows/validate": valid,
    "PUT /workflows/w": () => problem("conflict", "Cannot save it: it has changed", 409),
  });
  assert.equal(conflict.code, 4);
});

Deno.test("a file that can't be read is a mistake of usage", async () => {
  for (const verb of ["validate", "save"]) {
    const { code, err } = await withDaemon(["workflow", verb, "/nowhere/w.yaml"], {});
    assert.equal(code, 2);
    assert.match(err, /Cannot read "\/nowhere\/w\.yaml"/);
  }
  assert.equal((await withDaemon(["workflow", "validate"], {})).code, 2);
  assert.equal((await withDaemon(["workflow", "save", "a", "b"], {})).code, 2);
});
