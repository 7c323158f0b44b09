/** What runs, but may not be meant. */

import assert from "node:assert/strict";
import { adviseOn } from "../../../../core/workflow/check/advice.ts";
import { parseWorkflows } from "../../../../core/workflow/form/parse.ts";

/** `line:column message` of each warning. */
function told(text: string): readonly string[] {
  const { workflows: [workflow], problems } = parseWorkflows(text, "w.yaml");
  assert.deepEqual(problems, []);
  assert(workflow);
  return adviseOn(workflow).map(({ line, column, message }) => `${line}:${column} ${message}`);
}

Deno.test("adviseOn() tells of steps that are never carried out", () => {
  assert.deepEqual(
    told(`name: w
steps:
  - { name: a, agent: x, capability: y, when: false }
  - { name: b, agent: x, capability: y, when: "\${{ 1 > 2 && true }}" }
  - { name: c, agent: x, capability: y, for_each: [] }
  - { name: d, agent: x, capability: y, when: true }
  - { name: e, agent: x, capability: y, when: execution.id == '' }
`),
    [
      '3:47 step "a" is never carried out: this condition is always false',
      '4:47 step "b" is never carried out: this condition is always false',
      '5:51 step "c" is never carried out: no items',
    ],
  );
});

Deno.test("adviseOn() tells of outputs that may not be there, unless it is asked first", () => {
  assert.deepEqual(
    told(`name: w
inputs: { deep: { type: boolean, default: false } }
steps:
  - { name: a, agent: x, capability: y, when: inputs.deep }
  - { name: b, agent: x, capability: y, on_error: continue }
  - { name: c, agent: x, capability: y, on_error: continue, for_each: [1] }
  - { name: d, agent: x, capability: y, params: { p: "\${{ steps.a.output.q }}" } }
  - { name: e, agent: x, capability: y, params: { p: "\${{ steps.b.output }}" } }
  - { name: f, agent: x, capability: y, params: { p: "\${{ steps.c.output }}" } }
  - { name: g, agent: x, capability: y, params: {
      p: "\${{ has(steps.a.output) ? steps.a.output.q : 1 }}" } }
  - { name: h, agent: x, capability: y, when: steps.b.status == 'completed', params: {
      p: "\${{ steps.b.output }}" } }
finally:
  - name: z
    agent: x
    capability: y
    params:
      p: "\${{ steps.c.output }} \${{ steps.c.status }}"
      q: "\${{ steps.f.output }}"
outputs:
  o: "\${{ steps.a.output }}"
`),
    [
      '7:59 step "a" may have no output: it has a "when"; ' +
      "ask first: has(steps.a.output) ? … : …",
      '8:59 step "b" may have no output: it has "on_error: continue"; ' +
      "ask first: has(steps.b.output) ? … : …",
      '20:15 step "f" may have no output: the steps before may have failed; ' +
      "ask first: has(steps.f.output) ? … : …",
      '22:11 step "a" may have no output: it has a "when"; ' +
      "ask first: has(steps.a.output) ? … : …",
    ],
  );
});
