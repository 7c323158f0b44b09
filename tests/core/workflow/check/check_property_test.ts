/** Whatever an engine can carry out to its end, the check lets through. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { AppError } from "../../../../core/errors.ts";
import { type CheckedCapability, checkWorkflow } from "../../../../core/workflow/check/check.ts";
import { parseWorkflows } from "../../../../core/workflow/form/parse.ts";
import { openTempStore } from "../../../support/temp_store.ts";
import { type Agent, tryEngine } from "../../engine/engine_trial.ts";

const Output = z.object({
  n: z.number(),
  s: z.string(),
  l: z.array(z.number()),
  u: z.union([z.string(), z.number()]).nullable(),
  o: z.record(z.string(), z.number()),
});
const output: z.output<typeof Output> = { n: 2, s: "text", l: [1, 2], u: 3, o: { k: 1 } };

const inputs = {
  number: z.strictObject({ x: z.number() }),
  text: z.strictObject({ x: z.string().optional() }),
  list: z.strictObject({ x: z.array(z.union([z.number(), z.string()])) }),
  map: z.strictObject({ x: z.object({ k: z.number().nullable(), s: z.string().optional() }) }),
};
type Name = keyof typeof inputs;
const names = Object.keys(inputs) as Name[];

const capabilities = new Map(names.map((name): [string, CheckedCapability] => [`agent.${name}`, {
  inputSchema: z.toJSONSchema(inputs[name], { io: "input" }) as CheckedCapability["inputSchema"],
  outputSchema: z.toJSONSchema(Output) as CheckedCapability["inputSchema"],
}]));

/** As a host does: the agent's own zod decides. */
const agents: Readonly<Record<string, Agent>> = Object.fromEntries(names.map((name) => [
  `agent.${name}`,
  (input) => {
    const parsed = inputs[name].safeParse(input);
    if (parsed.success) return output;
    throw new AppError("invalid_input", parsed.error.message);
  },
]));

/** What a param may hold: of the step before, of the inputs, of the item, of nothing. */
const expressions = [
  ...["now", "inputs.n", "inputs.s", "inputs.l", "inputs.m", "execution.id", "item", "index"],
  ...["steps.one.output", "steps.one.output.n", "steps.one.output.s", "steps.one.output.l"],
  ...["steps.one.output.u", "steps.one.output.o", "steps.one.output.o.k", "steps.one.output[0].n"],
  ...["steps.one.output.map(o, o.n)", "steps.one.output.nowhere", "steps.one.status"],
  ...["inputs.n + 1", "inputs.s + 'x'", "string(inputs.n)", "inputs.l + [1]", "{'k': inputs.n}"],
  ...[
    "size(inputs.l)",
    "[inputs.s, inputs.n]",
    "{'k': null, 's': now}",
    "null",
    "[]",
    "inputs.l[0]",
  ],
];
const templates = [
  ...expressions.map((each) => `\${{ ${each} }}`),
  ...["plain", 7, [1, "${{ inputs.s }}"], { k: "${{ inputs.n }}" }, "at ${{ now }}", [], {}, null],
];

/** What fits, so that enough of them run. */
const fitting: Readonly<Record<Name, readonly unknown[]>> = {
  number: [7, "${{ inputs.n }}", "${{ size(inputs.l) }}", "${{ inputs.l[0] + 1 }}"],
  text: ["plain", "at ${{ inputs.n }}", "${{ inputs.s + 'x' }}", "${{ now }}"],
  list: [[1, "${{ inputs.s }}"], "${{ inputs.l }}", "${{ [] }}", "${{ [inputs.s, inputs.n] }}"],
  map: [{ k: "${{ inputs.n }}" }, "${{ {'k': null} }}", "${{ inputs.m }}"],
};

/** A value, or none. */
function seldom<Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.option(value, { nil: undefined, freq: 1 });
}

const step = fc.constantFrom(...names).chain((capability) =>
  fc.record({
    capability: fc.constant(capability),
    params: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...fitting[capability]) },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(...templates) },
    ).map((x) => ({ x })),
    for_each: seldom(
      fc.constantFrom<unknown>("${{ inputs.l }}", "${{ [inputs.s] }}", ["a", 1], "${{ inputs.m }}"),
    ),
    when: seldom(fc.constantFrom("inputs.n > 0", "inputs.flag", "inputs.n")),
  }, { noNullPrototype: true })
);

Deno.test("checkWorkflow() refuses nothing that then runs to its end", async () => {
  await using temp = await openTempStore();
  await using trial = await tryEngine(temp.store, { agents });
  const outcomes = { ran: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(step, step, fc.constantFrom(...expressions), async (one, two, result) => {
      const text = JSON.stringify({
        name: "trial",
        inputs: {
          n: { type: "number", default: 1 },
          s: { type: "string", default: "a" },
          l: { type: "array", items: "integer", default: [3, 4] },
          m: { type: "object", default: { k: 5 } },
          flag: { type: "boolean", default: true },
        },
        steps: [
          { name: "one", agent: "agent", ...one },
          { name: "two", agent: "agent", ...two },
        ],
        outputs: { result: `\${{ ${result} }}` },
      });
      const { workflows: [workflow] } = parseWorkflows(text, "w.yaml");
      if (!workflow) return; // it speaks of what isn't there
      const problems = checkWorkflow(workflow, capabilities);
      const { status } = await trial.run(workflow);
      if (problems.length > 0) outcomes.refused++;
      if (status !== "completed") return;
      outcomes.ran++;
      assert.deepEqual(problems.map(({ message }) => message), [], text);
    }),
    { numRuns: 400 },
  );
  assert(outcomes.ran > 20 && outcomes.refused > 20, JSON.stringify(outcomes));
});
