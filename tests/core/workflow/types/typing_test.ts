/** What expressions give, against what they speak of and what they fill. */

import assert from "node:assert/strict";
import { z } from "zod";
import { type CheckedCapability, checkWorkflow } from "../../../../core/workflow/check/check.ts";
import { parseWorkflows } from "../../../../core/workflow/form/parse.ts";

function capability(input: z.ZodRawShape, output: z.ZodType): CheckedCapability {
  return {
    inputSchema: z.toJSONSchema(z.strictObject(input), { io: "input" }) as never,
    outputSchema: z.toJSONSchema(output) as never,
  };
}

const Quote = z.object({
  symbol: z.string(),
  price: z.number(),
  volume: z.int().nullable(),
  note: z.string().optional(),
});
// deno-lint-ignore prefer-const -- the schema speaks of itself
let Tree: z.ZodType;
const TreeForm = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree);
  },
});
Tree = TreeForm;

const capabilities = new Map<string, CheckedCapability>(Object.entries({
  "market.quote": capability({ symbol: z.string() }, Quote),
  "market.quotes": capability(
    { symbols: z.array(z.string()), limit: z.int().optional() },
    z.object({ quotes: z.array(Quote), missing: z.record(z.string(), z.string()) }),
  ),
  "market.tree": capability({}, TreeForm),
  "open.loose": capability({ any: z.unknown() }, z.looseObject({ known: z.number() })),
  "open.unknown": capability({ x: z.union([z.string(), z.number()]) }, z.unknown()),
}));

/** `line:column message` of each problem; line 8 is the first of these steps. */
function told(...steps: readonly string[]): readonly string[] {
  const text = `name: w
inputs:
  n: { type: integer, default: 1 }
  s: { type: string, default: a }
  l: { type: array, items: string, default: [] }
  o: { type: object, default: {} }
steps:
${steps.map((step, index) => `  - { name: s${index}, agent: ${step} }`).join("\n")}
`;
  const { workflows: [workflow], problems } = parseWorkflows(text, "w.yaml");
  assert.deepEqual(problems, []);
  assert(workflow);
  return checkWorkflow(workflow, capabilities)
    .map(({ line, column, message }) => `${line}:${column} ${message}`);
}

const quote = 'market, capability: quote, params: { symbol: "${{ inputs.s }}" }';
const loose = (expression: string, more = "") =>
  `open, capability: loose, params: { any: "\${{ ${expression} }}" }${more}`;
const quotes = "market, capability: quotes, params: { symbols: [A] }";

Deno.test("checkWorkflow() names the field that an output does not have, where it is asked for", () => {
  assert.deepEqual(
    told(
      quote,
      quotes,
      loose("steps.s0.output.prize > 1"),
      loose("steps.s1.output.quotes[0].symbl"),
      loose("steps.s1.output.quotes.symbol"),
      loose("steps.s0.output.symbol.length"),
      loose('steps["s0"].output["prize"]'.replaceAll('"', "'")),
      loose("steps.s0.outputs"),
      loose("execution.name"),
      loose("steps.s1.output.missing.anything"),
    ),
    [
      '10:85 steps.s0.output has no "prize"; did you mean "price"?',
      '11:95 steps.s1.output.quotes[0] has no "symbl"; did you mean "symbol"?',
      '12:92 steps.s1.output.quotes is a list, which has no "symbol"; name one of its items, ' +
      "like [0]",
      '13:92 steps.s0.output.symbol is text, which has no "length"',
      `14:88 steps['s0'].output has no "prize"; did you mean "price"?`,
      '15:78 steps.s0 has no "outputs"; did you mean "output"?',
      '16:79 execution has no "name"; known: id, workflow, as_of',
    ],
  );
});

Deno.test("checkWorkflow() tells what of an expression can't fill a param", () => {
  const fill = (params: string) => `market, capability: quotes, params: ${params}`;
  assert.deepEqual(
    told(
      quote,
      fill('{ symbols: "${{ inputs.s }}" }'),
      fill('{ symbols: "${{ [inputs.n] }}" }'),
      fill('{ symbols: ["${{ inputs.n }}", A], limit: "${{ steps.s0.output.symbol }}" }'),
      fill('{ symbols: [A], limit: "at ${{ inputs.n }}" }'),
      fill('{ symbols: "${{ inputs.l }}", limit: "${{ steps.s0.output.price }}" }'),
      fill('{ symbols: [A], limt: "${{ inputs.n }}" }'),
      'open, capability: unknown, params: { x: "${{ inputs.l }}" }',
      'open, capability: unknown, params: { x: "${{ steps.s0.output.volume }}" }',
    ),
    [
      '9:72 "symbols" must be a list, and the expression gives text',
      '10:72 "symbols" has items of which each must be text, and the expression gives a number',
      '11:73 item 1 of "symbols" must be text, and the expression gives a number',
      '11:103 "limit" must be a number, and the expression gives text',
      '12:84 "limit" must be a number, and the expression gives text',
      '14:76 unknown key "limt" in the params of market.quotes; did you mean "limit"?',
      '15:65 "x" must be text or a number, and the expression gives a list',
    ],
  );
});

Deno.test("checkWorkflow() follows types through operators, conditions and macros", () => {
  assert.deepEqual(
    told(
      quotes,
      loose("inputs.s + 1"),
      loose("inputs.n - inputs.s"),
      loose("inputs.s < 1"),
      loose("inputs.n ? 1 : 2"),
      loose("!inputs.n || inputs.s"),
      loose("'a' in inputs.s"),
      loose("size(inputs.n)"),
      loose("inputs.s.contains(1)"),
      loose("inputs.s.map(x, x)"),
      loose("steps.s0.output.quotes.map(q, q.prize)"),
      loose("steps.s0.output.quotes.filter(q, q.price)"),
      loose("steps.s0.output.quotes.map(q, q.symbol)[0] + 1"),
      loose("inputs.l['a']"),
      loose("cel.bind(x, inputs.s, x + 1)"),
      loose("(inputs.n > 0 ? inputs.s : 'x') * 2"),
      loose("1 == 'a'"),
    ).map((line) => line.replace(/^\d+:\d+ /, "")),
    [
      'in inputs.s + 1, "+" can\'t take text and a number; turn one into the other with ' +
      "string(…) or double(…)",
      'in inputs.n - inputs.s, "-" can\'t take a number and text; turn one into the other with ' +
      "string(…) or double(…)",
      'in inputs.s < 1, "<" can\'t take text and a number; turn one into the other with ' +
      "string(…) or double(…)",
      "inputs.n is a number; it must be true or false",
      "inputs.n is a number; it must be true or false",
      "inputs.s is text; it must be true or false",
      "inputs.s is text; it must be a list or a mapping",
      "inputs.n is a number; it must be text or a list or a mapping",
      "1 is a number; it must be text",
      "inputs.s is text; it must be a list or a mapping",
      'q has no "prize"; did you mean "price"?',
      "q.price is a number; it must be true or false",
      'in steps.s0.output.quotes.map(q, q.symbol)[0] + 1, "+" can\'t take text and a number; ' +
      "turn one into the other with string(…) or double(…)",
      "'a' is text; it must be a number",
      'in x + 1, "+" can\'t take text and a number; turn one into the other with string(…) or ' +
      "double(…)",
      "in (inputs.n > 0 ? inputs.s : 'x') * 2, \"*\" can't take text and a number; turn one " +
      "into the other with string(…) or double(…)",
      "no such overload: int == string",
    ],
  );
});

Deno.test("checkWorkflow() lets pass what the values decide", () => {
  assert.deepEqual(
    told(
      quote,
      quotes,
      "market, capability: tree",
      "open, capability: unknown, params: { x: 1 }",
      loose("steps.s0.output.volume > 10.0 && steps.s0.output.note == 'x'"),
      loose("has(steps.s0.output.note) ? steps.s0.output.note : 'none'"),
      loose("steps.s2.output.children[0].children[0].name.startsWith('a')"),
      loose("steps.s3.output.whatever[0].else + 1"),
      loose("inputs.o.deep.er - 1"),
      loose("inputs.n + 1 > 1.5 || 1 < inputs.n"),
      loose("steps.s0.status == 'completed' && !has(steps.s0.error)"),
      loose("timestamp(now) + duration('1h') > timestamp('2026-01-01T00:00:00Z')"),
      loose("[1, 'a', null] + inputs.l"),
      loose("{'a': inputs.n}.a + 1"),
      loose("steps.s1.output.quotes.exists(q, q.price > 1.0) == true"),
    ),
    [],
  );
});

Deno.test("checkWorkflow() knows the items of for_each, and that a step with it gives a list", () => {
  assert.deepEqual(
    told(
      `market, capability: quote, for_each: "\${{ inputs.l }}", params: { symbol: "\${{ item }}" }`,
      loose("steps.s0.output.price"),
      loose("steps.s0.output[0].price + 1"),
      loose("item.prize + index", ', for_each: "${{ steps.s0.output }}"'),
      loose("item", ', for_each: "${{ inputs.n }}"'),
      loose("item", ", for_each: abc"),
      loose("item + 1", ", for_each: [1, 2]"),
      loose("item + 1", ', for_each: ["${{ inputs.s }}"]'),
      loose("1", ", when: inputs.n"),
      loose("1", ", when: inputs.n > 0"),
    ).map((line) => line.replace(/^\d+:\d+ /, "")),
    [
      'steps.s0.output is a list, which has no "price"; name one of its items, like [0]',
      'item has no "prize"; did you mean "price"?',
      '"items" must be a list, and gives a number',
      '"items" must be a list, and gives text',
      'in item + 1, "+" can\'t take text and a number; turn one into the other with string(…) ' +
      "or double(…)",
      '"when" must be true or false, and gives a number',
    ],
  );
});

Deno.test("an item that failed and was let pass is nothing, so its fields may be asked for", () => {
  assert.deepEqual(
    told(
      'market, capability: quote, for_each: "${{ inputs.l }}", on_error: continue, ' +
        'params: { symbol: "${{ item }}" }',
      loose("steps.s0.output.filter(q, q != null).map(q, q.price)"),
      loose("steps.s0.output[0] == null"),
    ),
    [],
  );
});

Deno.test("an expression that doubles what is known of it is looked through in no time", () => {
  const depth = 25;
  const doubled = (first: string): string => {
    const binds = Array.from({ length: depth }, (_, i) => `cel.bind(x${i + 1}, x${i} + x${i}, `);
    return `cel.bind(x0, ${first}, ${binds.join("")}x${depth}${")".repeat(depth + 1)}[0]`;
  };
  const startedAt = performance.now();
  assert.deepEqual(told(loose(doubled("[1]")), loose(doubled("[{'a': [1]}]"))), []);
  assert.equal(told(loose(`${doubled("['a']")} - 1`)).length, 1);
  assert(performance.now() - startedAt < 5_000);
});

Deno.test("outputs and the concurrency key are checked as well", () => {
  const text = `name: w
inputs: { n: { type: integer, default: 1 } }
concurrency: { max: 1, key: "\${{ inputs.n + 'a' }}" }
steps: [{ name: one, agent: market, capability: quote, params: { symbol: A } }]
outputs:
  price: "\${{ steps.one.output.prise }}"
  text: |
    two lines, the second with
    \${{ steps.one.output.symbol - 1 }}
`;
  const { workflows: [workflow] } = parseWorkflows(text, "w.yaml");
  assert(workflow);
  assert.deepEqual(
    checkWorkflow(workflow, capabilities).map(({ line, column }) => `${line}:${column}`),
    ["3:34", "6:32", "9:9"],
  );
});
