/** Workflows checked and saved over HTTP, on a real daemon. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type {
  ProblemAnswer,
  ProblemView,
  SavedView,
  ValidationView,
} from "../../../../core/http/api.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";
import { startTestDaemon, type TestDaemon } from "../../../support/test_daemon.ts";
import { schemaText } from "../../../support/workflow_schema.ts";

const good = `# kept
name: greeting
steps:
  - name: hello # first
    agent: test_agent
    capability: echo
    params: { message: hi }
  - name: sum
    agent: test_agent
    capability: add
    params: { a: 1, b: "\${{ size(steps.hello.output.message) }}" }
`;

async function put(
  { api }: TestDaemon,
  name: string,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<Response> {
  return await api(`/workflows/${name}`, { method: "PUT", body });
}

async function problemOf(response: Response): Promise<ProblemAnswer> {
  const problem = await response.json() as ProblemAnswer;
  assert.equal(problem.status, response.status);
  return problem;
}

function told(details: unknown): readonly string[] {
  const { problems } = details as { readonly problems: readonly ProblemView[] };
  return problems.map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`);
}

Deno.test("workflows are validated and saved over HTTP, refused whole with every problem", async (t) => {
  await using folder = await makeTempFolder();
  await using daemon = await startTestDaemon({ AC100_WORKFLOWS_DIR: folder.path });

  await t.step("a text is validated against the agents, and nothing is kept", async () => {
    const body = good.replace("hello.output.message", "hello.output.mesage") +
      "  - { name: off, agent: test_agent, capability: ecko, when: false }\n";
    const response = await daemon.api("/workflows/validate?file=mine.yaml", {
      method: "POST",
      body,
    });
    const view = await response.json() as ValidationView;
    assert.deepEqual([response.status, view.ok, view.workflows], [200, false, ["greeting"]]);
    assert.deepEqual(told(view), [
      'mine.yaml:11:53 steps.hello.output has no "mesage"; did you mean "message"?',
      'mine.yaml:12:49 "test_agent" has no capability "ecko"; did you mean "echo"?',
    ]);
    assert.equal(view.problems[0]?.excerpt?.split("\n")[1]?.length, 53);
    assert.deepEqual(view.warnings.map(({ line }) => line), [12]);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder.path)), []);
  });
  await t.step("a new one is a new file, which runs", async () => {
    const response = await put(daemon, "greeting", good);
    assert.equal(response.status, 201);
    const saved = await response.json() as SavedView;
    assert.deepEqual([saved.name, saved.warnings], ["greeting", []]);
    assert.equal(await Deno.readTextFile(join(folder.path, "greeting.yaml")), good);
    assert.equal((await daemon.run("greeting")).status, "completed");
  });
  await t.step("a changed one is there at once, comments and order kept", async () => {
    const changed = good.replace("hi }", "hello }");
    const response = await put(daemon, "greeting", changed);
    assert.equal(response.status, 200);
    await response.body?.cancel();
    assert.equal(await Deno.readTextFile(join(folder.path, "greeting.yaml")), changed);
  });
  await t.step("one with problems is refused with all of them, and changes nothing", async () => {
    const before = await Deno.readTextFile(join(folder.path, "greeting.yaml"));
    for (
      const [text, code, count] of [
        [good.replace("echo", "ecko").replace("add", "ad"), "invalid_workflow", 2],
        [good.replace("steps:", "stps:"), "invalid_workflow", 2],
        [good.replace("echo", "ecko").replace("steps.hello", "steps.helo"), "invalid_workflow", 2],
        ["{", "invalid_workflow", 1],
      ] as const
    ) {
      const problem = await problemOf(await put(daemon, "greeting", text));
      assert.equal(problem.code, code);
      assert.equal(told(problem.details).length, count, text);
    }
    const misnamed = await problemOf(await put(daemon, "other", good));
    assert.match(misnamed.detail, /the text names it "greeting"/);
    assert.equal(await Deno.readTextFile(join(folder.path, "greeting.yaml")), before);
    assert.deepEqual((await Array.fromAsync(Deno.readDir(folder.path))).length, 1);
  });
  await t.step("a disabled one may be saved before its agents are there", async () => {
    const text = "name: later\nenabled: false\nsteps: [{ name: s, agent: a, capability: c }]\n";
    const response = await put(daemon, "later", text);
    assert.equal(response.status, 201);
    await response.body?.cancel();
  });
  await t.step("a body that is too large, or no text, is refused", async () => {
    const large = await problemOf(await put(daemon, "greeting", `# ${"x".repeat(2 ** 20)}\n`));
    assert.deepEqual([large.code, large.status], ["invalid_input", 400]);
    const binary = await problemOf(await put(daemon, "greeting", new Uint8Array([0xff, 0xfe])));
    assert.match(binary.detail, /is not UTF-8/);
  });
  await t.step("the schema for editors is served", async () => {
    const response = await daemon.api("/workflows/schema.json");
    assert.equal(response.headers.get("content-type"), "application/schema+json");
    assert.deepEqual(await response.json(), JSON.parse(schemaText()));
  });
});
