/** Workflows checked against the agents there are. */

import assert from "node:assert/strict";
import { z } from "zod";
import { checkWorkflow } from "../../../../core/workflow/check/check.ts";
import { parseWorkflows } from "../../../../core/workflow/form/parse.ts";

/** As manifests carry it. */
function schemaOf(shape: z.ZodRawShape): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(z.strictObject(shape), { io: "input" }) as Record<string, unknown>;
}

const capabilities = new Map(
  Object.entries({
    "test_agent.echo": schemaOf({ message: z.string() }),
    "test_agent.add": schemaOf({ a: z.number(), b: z.number() }),
    "market_data_fetcher.fetch_batch": schemaOf({
      symbols: z.array(z.string().regex(/^[A-Z]+$/)).min(1).max(2),
      pattern: z.string().optional(),
      period: z.enum(["1d", "5d"]).default("5d"),
      limit: z.int().min(1).nullable().optional(),
      at: z.iso.datetime({ offset: true }).optional(),
      one: z.xor([z.string().regex(/^a/), z.string().regex(/^b/)]).optional(),
      note: z.union([z.string(), z.object({ text: z.string() })]).optional(),
    }),
    "odd.strange": { type: "object", unevaluatedProperties: { if: 1 }, $ref: "#/nowhere" },
  }).map(([address, inputSchema]) => [address, { inputSchema }]),
);

/** `line:column message` of each problem of a workflow with these steps, second in its file. */
function told(...steps: readonly string[]): readonly string[] {
  const text = `workflows:
  - { name: first, steps: [{ name: s, agent: a, capability: c }] }
  - name: second
    steps:
${steps.map((step, index) => `      - { name: s${index}, ${step} }`).join("\n")}
`;
  const { workflows: [, workflow], problems } = parseWorkflows(text, "w.yaml");
  assert.deepEqual(problems, []);
  assert(workflow);
  return checkWorkflow(workflow, capabilities)
    .map(({ line, column, message }) => `${line}:${column} ${message}`);
}

Deno.test("checkWorkflow() lets through what fits", () => {
  assert.deepEqual(
    told(
      "agent: test_agent, capability: echo, params: { message: hi }",
      "agent: test_agent, capability: add, params: { a: 1, b: 2.5 }",
      "agent: market_data_fetcher, capability: fetch_batch, params: { symbols: [AAPL] }",
    ),
    [],
  );
});

Deno.test("checkWorkflow() names the agent or capability that may have been meant", () => {
  assert.deepEqual(
    told(
      "agent: test_agnt, capability: echo",
      "agent: test_agent, capability: ecko",
      "agent: test_agent, capability: fetch_batch",
      "agent: test_agent, capability: multiply",
      "agent: nobody, capability: echo",
    ),
    [
      '5:28 no agent "test_agnt"; did you mean "test_agent"?',
      '6:52 "test_agent" has no capability "ecko"; did you mean "echo"?',
      '7:52 "test_agent" has no capability "fetch_batch"; "market_data_fetcher" has',
      '8:52 "test_agent" has no capability "multiply"; known: echo, add',
      '9:28 no agent "nobody"; known: test_agent, market_data_fetcher, odd',
    ],
  );
});

Deno.test("checkWorkflow() checks params against the capability's input, in one go", () => {
  const step = "agent: market_data_fetcher, capability: fetch_batch";
  assert.deepEqual(
    told(
      "agent: test_agent, capability: add, params: { a: ten, carry: 1 }",
      "agent: test_agent, capability: echo",
      `${step}, params: { symbols: [AAPL, 5], symbol: AAPL, period: 5D, limit: x }`,
      `${step}, params: { symbols: [], period: 7, limit: 0, note: { txt: 1 } }`,
      `${step}, params: { symbols: [A, B, C] }`,
    ),
    [
      '5:65 "b" is missing',
      '5:70 "a" must be a number, not "ten"',
      '5:75 unknown key "carry" in the params of test_agent.add; known: a, b',
      '6:9 "message" is missing',
      '7:100 item 2 of "symbols" must be text, not 5',
      '7:104 unknown key "symbol" in the params of market_data_fetcher.fetch_batch; ' +
      'did you mean "symbols"?',
      '7:126 "period" is "5D"; did you mean "5d"?',
      '7:137 "limit" must be a number or nothing, not "x"',
      '8:93 "symbols" must have at least 1 item',
      '8:105 "period" must be one of 1d, 5d, not 7',
      '8:115 "limit" must be at least 1',
      '8:124 "note" matches none of the allowed forms (must be text, not a mapping; ' +
      '"text" is missing)',
      '9:93 "symbols" must have at most 2 items',
    ],
  );
});

Deno.test("checkWorkflow() leaves to the host what expressions give, and checks the rest", () => {
  assert.deepEqual(
    told(
      'agent: test_agent, capability: add, params: { a: "${{ 1 + 1 }}", b: one }',
      'agent: market_data_fetcher, capability: fetch_batch, params: { symbols: "${{ [] }}" }',
    ),
    ['5:89 "b" must be a number, not "one"'],
  );
});

Deno.test("checkWorkflow() runs no pattern of a plugin, nor refuses for want of one", () => {
  const step = "agent: market_data_fetcher, capability: fetch_batch";
  assert.deepEqual(
    told(
      `${step}, params: { symbols: [aapl], pattern: x, one: abc }`,
      `${step}, params: { symbols: [AAPL], at: "2026-01-02T03:04:05+01:00" }`,
    ),
    [],
  );
  assert.deepEqual(told(`${step}, params: { symbols: [A], pattern: 5 }`), [
    '5:107 "pattern" must be text, not 5',
  ]);
});

Deno.test("checkWorkflow() leaves a schema that it can't read to the host", () => {
  assert.deepEqual(told("agent: odd, capability: strange, params: { x: 1 }"), []);
});
