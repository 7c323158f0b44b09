/** What the parts of a workflow say of each other. */

import assert from "node:assert/strict";
import { parseWorkflows } from "../../../../core/workflow/form/parse.ts";

/** `line:column message` of each problem. */
function told(text: string): readonly string[] {
  return parseWorkflows(text, "w.yaml").problems
    .map(({ line, column, message }) => `${line}:${column} ${message}`);
}

/** A workflow whose steps have these lines; the first is line 3. */
function withSteps(...steps: readonly string[]): string {
  const lines = steps.map((step) => `  - { agent: a, capability: c, ${step} }`);
  return ["name: w", "steps:", ...lines, ""].join("\n");
}

Deno.test("needs name steps that there are, in no circle", () => {
  assert.deepEqual(told(withSteps("name: fetch", "name: two, needs: [fetsh]")), [
    '4:51 no step "fetsh"; did you mean "fetch"?',
  ]);
  assert.deepEqual(told(withSteps("name: one, needs: one")), [
    '3:50 "one" needs "one": a circle, which nothing could begin',
  ]);
  assert.deepEqual(
    told(withSteps("name: a, needs: c", "name: b, needs: [a]", "name: c, needs: [b]")),
    ['3:48 "a" needs "c" needs "b" needs "a": a circle, which nothing could begin'],
  );
  assert.deepEqual(
    told(`${withSteps("name: a")}finally: [{ name: z, agent: a, capability: c, needs: [a] }]\n`),
    ['4:47 "needs" has no place in "finally": its steps are carried out in order'],
  );
});

Deno.test("a schedule gives the inputs that are declared, and those that have no default", () => {
  const rest = "inputs: { n: { type: integer } }\n" + withSteps("name: one");
  assert.deepEqual(told(`${rest}schedule: { every: 5m, inputs: { n: 1 } }\n`), []);
  assert.deepEqual(told(`${rest}schedule: { every: 5m, inputs: { n: many } }\n`), [
    '5:32 the schedule could start nothing: "n" must be a whole number, not "many"',
  ]);
  assert.deepEqual(
    told(`${rest}schedule:\n  - { every: 5m, inputs: { n: 1, m: 2 } }\n  - every: 1h\n`),
    [
      '6:26 the schedule could start nothing: there is no input "m"; known: n',
      '7:5 the schedule could start nothing: "n" is missing',
    ],
  );
});

Deno.test("expressions speak of what has ended by then, and of what is declared", () => {
  assert.deepEqual(
    told(`name: w
inputs: { symbol: { type: string, default: A } }
secrets: [API_KEY]
steps:
  - { name: one, agent: a, capability: c, params: { x: "\${{ inputs.symbl }}" } }
  - { name: two, agent: a, capability: c, needs: [], when: steps.one.status == 'completed' }
  - { name: three, agent: a, capability: c, params: { x: "a \${{ item }} b \${{ index }}" } }
  - { name: four, agent: a, capability: c, params: { x: "\${{ step.one }}", y: "\${{ steps }}" } }
  - { name: five, agent: a, capability: c, params: { x: "\${{ steps['too'].output }}" } }
  - { name: six, agent: a, capability: c, params: { x: "\${{ secrets.API_KY }}" } }
outputs: { last: "\${{ steps.end.status }}", all: "\${{ steps.one.output }}" }
finally:
  - { name: end, agent: a, capability: c, params: { x: "\${{ steps.last.status }}" } }
  - { name: last, agent: a, capability: c, params: { x: "\${{ steps.end.status }}" } }
`),
    [
      '5:68 in "inputs.symbl": there is no input "symbl"; did you mean "symbol"?',
      `6:66 in "steps.one.status == 'completed'": step "one" need not have ended by then; ` +
      'name it in "needs"',
      '7:65 in "item": "item" is there in the params of a step with "for_each" alone',
      '7:79 in "index": "index" is there in the params of a step with "for_each" alone',
      '8:62 in "step.one": there is no "step"; did you mean "steps"?',
      '8:84 in "steps": "steps" wants the name of a step behind it: steps.fetch',
      `9:68 in "steps['too'].output": there is no step "too"; did you mean "two"?`,
      '10:69 in "secrets.API_KY": "secrets" of the workflow does not name "API_KY"; did you mean ' +
      '"API_KEY"?',
      '11:29 in "steps.end.status": there is no step "end"; known: one, two, three, four, five, ' +
      "six",
      '13:67 in "steps.last.status": step "last" need not have ended by then; name it in "needs"',
    ],
  );
});

Deno.test("macros have names of their own, and needs reach through others", () => {
  assert.deepEqual(
    told(withSteps(
      "name: one, for_each: [1], params: { x: '${{ [item].map(x, x + index) }}' }",
      "name: two, params: { x: '${{ cel.bind(y, 1, y + 1) }}' }",
      "name: three, params: { x: '${{ steps.one.output.filter(o, o.k > 1).exists(p, p.k) }}' }",
    )),
    [],
  );
});

Deno.test("a chain of a thousand steps is looked through in no time", () => {
  const steps = Array.from({ length: 1_000 }, (_, index) => `name: s${index}`);
  const startedAt = performance.now();
  assert.deepEqual(told(withSteps(...steps)), []);
  assert(performance.now() - startedAt < 20_000);
});
