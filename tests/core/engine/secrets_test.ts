/** Secrets reach the agent they are sent to, and nothing that is stored, published or shown. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { AppError } from "../../../core/errors.ts";
import type { ParsedWorkflow } from "../../../core/workflow/definition.ts";
import { parseWorkflows } from "../../../core/workflow/form/parse.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { openTempStore } from "../../support/temp_store.ts";
import { startTestDaemon } from "../../support/test_daemon.ts";
import { tryEngine } from "./engine_trial.ts";

const secret = 'k"7é-never-shown';

function read(text: string): ParsedWorkflow {
  const { workflows: [workflow], problems } = parseWorkflows(text, "trial.yaml");
  assert.ok(workflow, problems.map(({ message }) => message).join("; "));
  return workflow;
}

const workflow = read(`
name: secretive
secrets: [API_KEY]
steps:
  - name: one
    agent: agent
    capability: repeat
    params: { key: "\${{ secrets.API_KEY }}" }
  - name: two
    agent: agent
    capability: fail
    params: { key: "Bearer \${{ secrets.API_KEY }}", seen: "\${{ steps.one.output }}" }
    on_error: continue
  - name: three
    agent: agent
    capability: fail
    params: { key: "\${{ int(secrets.API_KEY) }}" }
    on_error: continue
outputs:
  seen: "\${{ steps.one.output }}"
`);

Deno.test("a secret is masked in answers, errors, events and outputs", async () => {
  await using temp = await openTempStore();
  const given: unknown[] = [];
  await using trial = await tryEngine(temp.store, {
    secrets: { API_KEY: secret, OTHER: "not for this workflow" },
    agents: {
      "agent.repeat": (input) => (given.push(input), { [secret]: [`it is ${secret}`], n: 7 }),
      "agent.fail": (input) => {
        given.push(input);
        throw new AppError("source_down", `Cannot ask with ${secret}`);
      },
    },
  });
  const ended = await trial.run(workflow);
  assert.equal(ended.status, "completed");
  const masked = { "***": ["it is ***"], n: 7 };
  assert.deepEqual(given, [{ key: secret }, { key: `Bearer ${secret}`, seen: masked }]);
  assert.deepEqual(JSON.parse(ended.result ?? ""), { seen: masked });
  const steps = await temp.store.read({ read: "steps", id: ended.executionId });
  assert.equal(steps[1]?.error?.message, "Cannot ask with ***");
  const seen = JSON.stringify([trial.events, trial.log, steps, ended]);
  assert.equal(seen.includes("never-shown"), false);
  await temp.reopen();
  const bytes = await Deno.readFile(temp.path);
  assert.equal(new TextDecoder("latin1").decode(bytes).includes("never-shown"), false);
});

Deno.test("an agent's own secret is masked as well", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, {
    secrets: { API_KEY: secret },
    agents: {
      "agent.repeat": () => ({ key: secret }),
      "agent.fail": () => {
        throw new AppError("unauthorized", `GET https://x?key=${secret} failed`);
      },
    },
  });
  const ended = await trial.run(read(`
name: unaware
steps:
  - { name: one, agent: agent, capability: repeat }
  - { name: two, agent: agent, capability: fail }
`));
  assert.equal(ended.error?.message, 'Step "two" failed: GET https://x?key=*** failed');
  const steps = await temp.store.read({ read: "steps", id: ended.executionId });
  assert.equal(steps[0]?.result, '{"key":"***"}');
  assert.equal(JSON.stringify([trial.events, trial.log, steps]).includes("never-shown"), false);
});

Deno.test("a very short secret is not masked", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, {
    secrets: { REGION: "us", PIN: "2026" },
    agents: { "agent.repeat": () => ({ date: "2026-01-16", status: "usual" }) },
  });
  const { executionId: id } = await trial.run(read(`
name: unaware
steps: [{ name: one, agent: agent, capability: repeat }]
`));
  const [step] = await temp.store.read({ read: "steps", id });
  assert.equal(step?.result, '{"date":"2026-01-16","status":"usual"}');
});

Deno.test("a start is refused by the name of a missing secret and stores nothing", async () => {
  await using temp = await openTempStore();
  for (const secrets of [{}, { API_KEY: "" }]) {
    await using trial = await tryEngine(temp.store, { agents: {}, secrets });
    await assert.rejects(trial.start(workflow), {
      code: "invalid_config",
      message: 'Cannot start workflow "secretive": it names "API_KEY", which the daemon does not ' +
        "have; set AC100_SECRET_API_KEY and restart it",
    });
    assert.equal(await temp.store.read({ read: "pending_count" }), 0);
  }
});

Deno.test("workflows may not use secrets where they would be stored or shown", () => {
  const text = `
name: secretive
secrets: [API_KEY]
concurrency: { max: 1, key: "\${{ secrets.API_KEY }}" }
steps:
  - name: one
    agent: agent
    capability: repeat
    when: secrets.API_KEY == 'a'
    for_each: "\${{ [secrets.API_KEY] }}"
    params: { key: "\${{ secrets.API_KY }}" }
outputs:
  key: "\${{ secrets.API_KEY }}"
`;
  const places = parseWorkflows(text, "w.yaml").problems
    .map(({ line, message }) => `${line} ${message.replace(/^in ".*?": /, "")}`);
  const elsewhere =
    '"secrets" are there in "params" alone: elsewhere they would be stored or shown';
  assert.deepEqual(places, [
    `4 ${elsewhere}`,
    `9 ${elsewhere}`,
    `10 ${elsewhere}`,
    '11 "secrets" of the workflow does not name "API_KY"; did you mean "API_KEY"?',
    `13 ${elsewhere}`,
  ]);
});

Deno.test("a daemon with a secret neither logs it nor shows it on any route", async () => {
  await using folder = await makeTempFolder();
  await Deno.writeTextFile(
    join(folder.path, "w.yaml"),
    `name: secretive
secrets: [API_KEY]
steps:
  - name: one
    agent: test_agent
    capability: echo
    params: { message: "\${{ secrets.API_KEY }}" }
  - name: two
    agent: test_agent
    capability: add
    params: { a: "\${{ 1 }}", b: "\${{ int(secrets.API_KEY) }}" }
`,
  );
  await using daemon = await startTestDaemon({
    AC100_WORKFLOWS_DIR: folder.path,
    AC100_SECRET_API_KEY: secret,
  });
  const execution = await daemon.run("secretive");
  assert.equal(execution.status, "failed");
  const shown = [JSON.stringify(execution)];
  const paths = ["/executions", "/agents", "/workflows", "/agents/test_agent", "/system"];
  for (const path of [...paths, `/executions/${execution.execution_id}`]) {
    shown.push(await (await daemon.api(path)).text());
  }
  daemon.daemon.plane.log.info(`logged ${secret}`, { inner: { list: [secret] } });
  assert.match(daemon.log.at(-1) ?? "", /logged \*\*\*.*"list":\["\*\*\*"\]/);
  assert.match(shown.join(), /\*\*\*/);
  assert.equal([...shown, ...daemon.log].join().includes("never-shown"), false);
});
