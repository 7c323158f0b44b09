/** Workflow files: what they mean, and every mistake where it stands. */

import assert from "node:assert/strict";
import type { ParsedWorkflow } from "../../../../core/workflow/definition.ts";
import { retryDefault } from "../../../../core/workflow/definition.ts";
import { scheduleDefaults } from "../../../../core/schedule/rule.ts";
import { parseWorkflows, restoreWorkflow } from "../../../../core/workflow/form/parse.ts";
import type { Problem } from "../../../../core/yaml/problem.ts";

const pipeline = `# kept with the file
workflows:
  - name: market_data_pipeline
    description: Fetch real-time market data for the watchlist
    enabled: true
    schedule: { cron: "*/5 9-16 * * MON-FRI", timezone: America/New_York, calendar: XNYS }
    steps:
      - name: validate_symbols
        agent: market_data_fetcher
        capability: validate_symbol
        params: { symbol: AAPL }
        timeout: 30
      - name: fetch_watchlist_data
        agent: market_data_fetcher
        capability: fetch_batch
        params: { symbols: [AAPL, MSFT] }
        retry: { attempts: 3, backoff: 1s }
  # the second
  - name: off
    enabled: false
    schedule: { every: 300s }
    steps:
      - { name: echo, agent: test_agent, capability: echo, timeout: 1.5m }
`;

function only(text: string): ParsedWorkflow {
  const { workflows: [workflow], problems } = parseWorkflows(text, "w.yaml");
  assert.deepEqual(problems, []);
  assert(workflow);
  return workflow;
}

/** `line:column message` of each problem. */
function told(text: string): readonly string[] {
  const { workflows, problems } = parseWorkflows(text, "w.yaml");
  assert.deepEqual(workflows, [], "a file with a problem serves nothing");
  return problems.map(({ line, column, message }: Problem) => `${line}:${column} ${message}`);
}

/** One workflow whose only step has these lines besides. */
function withStep(...lines: readonly string[]): string {
  const head = ["name: w", "steps:", "  - name: one", "    agent: a", "    capability: c"];
  return [...head, ...lines.map((line) => `    ${line}`)].join("\n");
}

Deno.test("parseWorkflows() reads the form of the origin", () => {
  const { workflows: [first, second], problems } = parseWorkflows(pipeline, "w.yaml");
  assert.deepEqual(problems, []);
  assert.deepEqual({ ...first, text: "" }, {
    name: "market_data_pipeline",
    description: "Fetch real-time market data for the watchlist",
    enabled: true,
    schedules: [{
      ...scheduleDefaults,
      rule: {
        kind: "cron",
        cron: "*/5 9-16 * * MON-FRI",
        timezone: "America/New_York",
        calendar: "XNYS",
      },
    }],
    steps: [
      {
        name: "validate_symbols",
        agent: "market_data_fetcher",
        capability: "validate_symbol",
        params: { symbol: "AAPL" },
        needs: [],
        timeoutMs: 30_000,
        retry: retryDefault,
        onError: "fail",
      },
      {
        name: "fetch_watchlist_data",
        agent: "market_data_fetcher",
        capability: "fetch_batch",
        params: { symbols: ["AAPL", "MSFT"] },
        needs: ["validate_symbols"],
        timeoutMs: 30_000,
        retry: { ...retryDefault, attemptsMax: 3 },
        onError: "fail",
      },
    ],
    inputs: {},
    secrets: [],
    finally: [],
    outputs: {},
    file: "w.yaml",
    line: 3,
    text: "",
  });
  assert.deepEqual(second?.schedules, [
    { ...scheduleDefaults, rule: { kind: "every", everyMs: 300_000 } },
  ]);
  assert.equal(second?.enabled, false);
  assert.equal(second?.steps[0]?.timeoutMs, 90_000);
});

Deno.test("parseWorkflows() reads a file of one workflow", () => {
  const workflow = only(withStep());
  assert.equal(workflow.name, "w");
  assert.equal(workflow.enabled, true);
  assert.deepEqual(workflow.steps[0]?.params, {});
});

Deno.test("a workflow's text gives the same workflow, wherever in a file it stood", () => {
  const styles = [
    pipeline,
    withStep("params:", "  text: |", "    two", "    lines"),
    `workflows: [{ name: a, steps: [{ name: b, agent: c, capability: d }] },
      { name: e, steps: [ # note
        { name: f, agent: g, capability: h }]}]`,
    "workflows:\n- name: a\n  steps:\n  - name: b\n    agent: c\n    capability: d\n" +
    "    params: { x: &x [1, 2], y: *x }\n    retry: {}\n  description: |+\n    kept\n\n\n" +
    "- name: b\n  steps: [{ name: b, agent: c, capability: d }]",
    "\uFEFFworkflows:\r\n- name: a\r\n  steps:\r\n  - name: b\r\n    agent: c\r\n" +
    "    capability: d\r\n    params:\r\n      text: |\r\n        two\r\n        lines\r\n",
  ];
  for (const style of styles) {
    const { workflows, problems } = parseWorkflows(style, "w.yaml");
    assert.deepEqual(problems, []);
    for (const { file: _file, line: _line, text, ...plain } of workflows) {
      assert.deepEqual(restoreWorkflow(text), plain);
    }
  }
});

Deno.test("a file with three mistakes gives exactly three problems, each where it stands", () => {
  const text = `workflows:
  - name: market_data_pipeline
    descripton: Fetch
    steps:
      - name: fetch
        agent: market_data_fetcher
        params: { symbol: AAPL }
        timeout: 30 minutes
`;
  assert.deepEqual(told(text), [
    '3:5 unknown key "descripton" in the workflow; did you mean "description"?',
    '5:9 "capability" is missing',
    '8:18 "timeout" is no duration: "30 minutes"; write seconds, or a unit: 30, 250ms, 5m, 1.5h',
  ]);
});

Deno.test("problems tell the kind of value that is wanted", () => {
  assert.deepEqual(told("name: [a]\ndescription: 5\nenabled: yes\nsteps: {}\nschedule: daily"), [
    '1:7 "name" must be text, not a list',
    '2:14 "description" must be text, not 5',
    '3:10 "enabled" must be true or false, not "yes"',
    '4:8 "steps" must be a list, not a mapping',
    '5:11 "schedule" must be a mapping, not "daily"',
  ]);
  assert.deepEqual(told("name: w\nsteps:\n  - x\n  -\n  - []\n"), [
    '3:5 item 1 of "steps" must be a mapping, not "x"',
    '4:4 item 2 of "steps" must be a mapping, not nothing',
    '5:5 item 3 of "steps" must be a mapping, not a list',
  ]);
  assert.deepEqual(told(withStep("params:", "timeout: true")), [
    '6:5 "params" must be a mapping, not nothing',
    '7:14 "timeout" must be a number or text, not true',
  ]);
});

Deno.test("names have their form, and a step none of the expression language's words", () => {
  const steps = ["fetch-data", "1st", "if", "a".repeat(65)]
    .map((name) => `  - { name: ${name}, agent: a, capability: c }`);
  const last = "  - { name: n, agent: a, capability: Add }";
  assert.deepEqual(told(["name: My Workflow", "steps:", ...steps, last].join("\n")), [
    '1:7 "name" must match [a-z_][a-z0-9_]*, not "My Workflow"; did you mean "my_workflow"?',
    '3:13 "name" must match [a-z_][a-z0-9_]*, not "fetch-data"; did you mean "fetch_data"?',
    '4:13 "name" must match [a-z_][a-z0-9_]*, not "1st"',
    '5:13 "name" is a word of the expression language: "if"; take another',
    '6:13 "name" must have at most 64 characters',
    '7:38 "capability" must match [a-z_][a-z0-9_]*, not "Add"; did you mean "add"?',
  ]);
});

Deno.test("names and keys that are there twice are told with the first place", () => {
  const step = "{ name: s, agent: a, capability: c }";
  const text = `workflows:
  - { name: w, steps: [${step}] }
  - { name: w, name: x, steps: [${step},
      ${step}] }`;
  assert.deepEqual(told(text), [
    '3:13 the workflow "w" is in line 2 already; rename one',
    '3:16 the key "name" appears twice',
    '4:15 the step "s" is in line 3 already; rename one',
  ]);
});

Deno.test("durations and attempts stay in their bounds", () => {
  assert.deepEqual(told(withStep("timeout: 25h", "retry: { attempts: 0, backoff: 2h }")), [
    '6:14 "timeout" must be at most 1d',
    '7:24 "attempts" must be at least 1',
    '7:36 "backoff" must be at most 1h',
  ]);
  assert.deepEqual(told(withStep("timeout: 0", "retry: { attempts: 1.5 }")), [
    '6:14 "timeout" must be at least 1ms',
    '7:24 "attempts" must be a whole number, not 1.5',
  ]);
  assert.deepEqual(told("name: w\nsteps: []"), ['2:8 "steps" must have at least 1 item']);
});

Deno.test("a schedule is every so often or by cron, in a known zone and calendar", () => {
  const schedule = (keys: string): readonly string[] =>
    told(`${withStep()}\nschedule: { ${keys} }`);
  assert.deepEqual(schedule("every: 5m, cron: 0 9 * * *"), [
    '6:11 "schedule" needs one of "every", "cron", "at" and "once"',
  ]);
  assert.deepEqual(schedule(""), ['6:11 "schedule" needs one of "every", "cron", "at" and "once"']);
  assert.deepEqual(schedule("every: 10ms, timezone: UTC"), [
    '6:20 "every" must be at least 1s',
    '6:36 "timezone" goes with "cron", not "every"',
  ]);
  assert.deepEqual(schedule("cron: 9 * * *, timezone: New York, calendar: NYSE"), [
    '6:19 "cron" is no cron rule: "9 * * *"; write five fields: minute hour day month weekday',
    '6:38 "timezone" is no time zone: "New York"; did you mean "America/New_York"?',
    '6:58 "calendar" must be one of XNYS, XNAS, 24/7, not "NYSE"',
  ]);
});

Deno.test("an expression that can't be read is refused where it stands", () => {
  assert.deepEqual(told(withStep('params: { a: "${{ 1 + }}", b: [{ c: "x ${{ 1" }] }')), [
    '6:27 "a" holds an expression that can\'t be read: ' +
    'Cannot evaluate "1 +": Unexpected token: EOF',
    '6:42 "c" holds an expression that can\'t be read: ' +
    'Cannot evaluate "x ${{ 1": a "${{" is not closed by "}}"',
  ]);
  assert.deepEqual(told(withStep('when: "1 +"')), [
    '6:15 "when" holds an expression that can\'t be read: ' +
    'Cannot evaluate "1 +": Unexpected token: EOF',
  ]);
});

Deno.test("an expression that YAML can't read is answered with: quote it", () => {
  const problem = 'YAML can\'t read this expression; quote it: "${{ … }}"';
  assert.deepEqual(told(withStep("params:", "  a: ${{ b ? 1 : 2 }}", "  c: [d, ${{ e }}]")), [
    `7:10 ${problem}`,
    `8:14 ${problem}`,
  ]);
});

Deno.test("what is no YAML 1.2 of one document is told", () => {
  const wanted = 'a file is one workflow, or a list of them under "workflows:"';
  const expected: [string, string][] = [
    ["", `1:1 the file is empty; ${wanted}`],
    ["# nothing\n", `1:1 the file is empty; ${wanted}`],
    ["- name: w", `1:1 ${wanted}`],
    ["workflow:\n  - name: w", '1:1 unknown key "workflow"; did you mean "workflows"?'],
    ["workflows:", `1:1 "workflows" must be a list, not nothing; ${wanted}`],
    ["workflows: []\nname: w", `2:1 unknown key "name" beside "workflows"; ${wanted}`],
    ["name: w\n\tsteps: []", "2:1 a tab indents this line; use spaces"],
    [
      "name: a\n---\nname: b",
      "2:1 a second document begins here; a file holds one",
    ],
    [
      "%YAML 1.1\n---\nname: w",
      "1:1 YAML 1.1 is not supported; remove the directive and use YAML 1.2",
    ],
    [
      "name: w\nsteps: 'x",
      "2:10 invalid YAML: missing closing 'quote",
    ],
    ["name: \x07", "1:7 YAML does not allow the character U+0007; remove or escape it"],
    ["#".repeat(1_100_000), "1:1 the text is longer than 1048576 characters; split it into files"],
    ["- ".repeat(100_000), "1:1 the text has more than 100000 YAML tokens; split it into files"],
  ];
  for (const [text, problem] of expected) {
    assert.deepEqual(told(text), [problem]);
  }
  assert.match(told("[".repeat(50_000)).join(), /^1:\d+ the nesting is too deep$/);
});

Deno.test("YAML that JSON has no form for is told, and nothing that follows from it", () => {
  const params = ["a: .inf", "b: 9007199254740993", "c: *nope", "d: !!str 1", "<<: {}"];
  const more = ["? [x]\n      : 1", "__proto__: 1", "e: &e 1", "f: &e 2"];
  assert.deepEqual(told(withStep("params:", ...params.map((line) => `  ${line}`))), [
    "7:10 JSON has no such number; write it as quoted text",
    "8:10 the number is too large to be exact; write it as quoted text",
    '9:10 no anchor "&nope" before this alias',
    "10:16 tags are not supported; remove the tag",
    '11:7 "<<" does not merge in YAML 1.2; write out the keys',
  ]);
  assert.deepEqual(told(withStep("params:", ...more.slice(1).map((line) => `  ${line}`))), [
    "7:7 this name is not allowed for a key",
    '9:13 the anchor "&e" is used twice',
  ]);
  assert.deepEqual(told(withStep("params:", `  ${more[0]}`)), ["7:9 a key must be text"]);
  assert.deepEqual(told(withStep("timeout: *t")), ['6:14 no anchor "&t" before this alias']);
});

Deno.test("aliases expand inside a workflow, up to a bound, and never out of it", () => {
  const { steps: [step] } = only(withStep("params: { a: &a { b: [1] }, c: [*a, *a] }"));
  assert.deepEqual(step?.params, { a: { b: [1] }, c: [{ b: [1] }, { b: [1] }] });

  const tenfold = [..."bcdefg"].map((name, index) =>
    `  ${name}: &${name} [${Array(10).fill(`*${"abcdefg"[index]}`).join()}]`
  );
  assert.match(told(withStep("params:", "  a: &a [1]", ...tenfold)).join(), /more than 100000/);
  assert.match(told(withStep("params:", "  a: &a [*a]")).join(), /deeper than 32 levels/);

  const shared = `workflows:
  - { name: v, steps: &s [{ name: s, agent: a, capability: c }] }
  - { name: w, steps: *s }`;
  assert.deepEqual(told(shared), [
    "3:23 this alias's anchor is in another workflow; write the value",
  ]);
});

Deno.test("more problems than anyone reads are counted, not listed", () => {
  const problems = told(`name: w\n${Array.from({ length: 300 }, (_, i) => `k${i}: 1`).join("\n")}`);
  assert.equal(problems.length, 101);
  assert.match(problems.at(-1) ?? "", /201 more problems; correct these first/);
});

Deno.test("restoreWorkflow() refuses a text of another language by invalid_workflow", () => {
  assert.throws(() => restoreWorkflow("name: w\nfoo: 1"), {
    code: "invalid_workflow",
    message: /^Cannot read the text kept with an execution: 2 problems \(/,
  });
});
