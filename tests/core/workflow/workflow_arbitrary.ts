/** Workflows of every form, for properties. */

import fc from "fast-check";
import type { Rule, Schedule } from "../../../core/schedule/rule.ts";
import {
  type Input,
  type RetryPolicy,
  runningMax,
  type Step,
  type Workflow,
} from "../../../core/workflow/definition.ts";

/** Objects as everyone makes them. */
const plain = { noNullPrototype: true };

const firstLetters = "abcdefghijklmnopqrstuvwxyz_";
/** A name that is no word of the expression language: it ends in a digit. */
const name = fc.tuple(
  fc.constantFrom(...firstLetters),
  fc.string({ unit: fc.constantFrom(...firstLetters, ..."0123456789"), maxLength: 12 }),
  fc.nat(9),
).map(([first, rest, digit]) => `${first}${rest}${digit}`);

/** Text as people may write it, with what YAML finds special. */
const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...": #-?[]{}'\"|>&*!%@`\\\n\t ab1~"), maxLength: 40 }),
  fc.constantFrom(
    "yes",
    "null",
    "1e3",
    "0x1F",
    "- a",
    "a: b",
    " a ",
    "a\n\n",
    "\n b",
    "---",
    "...",
  ),
).filter((value) => !value.includes("${{"));

const key = text.filter((value) => value !== "__proto__" && value !== "<<");

const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    text,
    fc.boolean(),
    fc.constant(null),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true })
      .filter((value) => Number.isSafeInteger(value) || !Number.isInteger(value))
      .map((value) => value === 0 ? 0 : value),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { ...plain, maxKeys: 3 }),
  ),
})).value;

const retry: fc.Arbitrary<RetryPolicy> = fc.record({
  attemptsMax: fc.integer({ min: 1, max: 100 }),
  backoffMs: fc.integer({ min: 0, max: 3_600_000 }),
  factor: fc.constantFrom(1, 1.5, 2, 100),
  backoffMsMax: fc.integer({ min: 0, max: 86_400_000 }),
  jitter: fc.constantFrom(0, 0.25, 1),
  on: fc.constantFrom(["source_down" as const], ["rate_limited" as const, "internal" as const]),
}, { ...plain, requiredKeys: ["attemptsMax", "backoffMs", "factor", "backoffMsMax", "jitter"] });

/** An expression that may stand anywhere. */
const expression = fc.constantFrom(
  "${{ now }}",
  "at ${{ execution.id }}, ${{ 1 + 2 }}",
  "${{ {'a': [1, \"}}\"]} }}",
);

const step: fc.Arbitrary<Omit<Step, "needs">> = fc.record({
  name,
  agent: name,
  capability: name,
  params: fc.dictionary(key, fc.oneof(json, expression), { ...plain, maxKeys: 4 }),
  when: fc.constantFrom("1 < 2", "${{ execution.workflow == 'a' }}"),
  forEach: fc.record({
    items: fc.oneof(fc.array(json, { maxLength: 3 }), expression),
    parallelMax: fc.integer({ min: 1, max: runningMax }),
  }, plain),
  timeoutMs: fc.integer({ min: 1, max: 86_400_000 }),
  retry,
  onError: fc.constantFrom("fail", "continue"),
}, {
  ...plain,
  requiredKeys: ["name", "agent", "capability", "params", "timeoutMs", "retry", "onError"],
});

/** Steps that need some of those before them. */
const steps: fc.Arbitrary<readonly Step[]> = fc.tuple(
  fc.uniqueArray(step, { minLength: 1, maxLength: 4, selector: ({ name }) => name }),
  fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }),
).map(([drafts, chances]) =>
  drafts.map((draft, index) => ({
    ...draft,
    needs: drafts.slice(0, index).filter((_, at) => chances[4 * index + at]).map(({ name }) =>
      name
    ),
  }))
);

const input: fc.Arbitrary<Input> = fc.oneof(
  fc.record({
    type: fc.constant("string" as const),
    description: text,
    default: text,
  }, { ...plain, requiredKeys: ["type", "description"] }),
  fc.record({
    type: fc.constant("array" as const),
    description: text,
    items: fc.constant("integer" as const),
    max: fc.constant(10),
    default: fc.array(fc.integer(), { maxLength: 3 }),
  }, { ...plain, requiredKeys: ["type", "description"] }),
);

const rule: fc.Arbitrary<Rule> = fc.oneof(
  fc.record({
    kind: fc.constant("every" as const),
    everyMs: fc.integer({ min: 3_600_001, max: 86_400_000 }),
  }, plain),
  fc.record({
    kind: fc.constant("cron" as const),
    cron: fc.constantFrom("*/5 9-16 * * MON-FRI", "0 0 1 2 *"),
    timezone: fc.constantFrom("UTC", "America/New_York", "Europe/Berlin"),
    calendar: fc.constantFrom("XNYS" as const, "24/7" as const),
  }, { ...plain, requiredKeys: ["kind", "cron", "timezone"] }),
  fc.record({
    kind: fc.constant("session" as const),
    calendar: fc.constantFrom("XNYS" as const, "XNAS" as const, "24/7" as const),
    edge: fc.constantFrom("open" as const, "close" as const),
    offsetMs: fc.integer({ min: -86_400_000, max: 86_400_000 }).map((ms) => ms + 0),
  }, plain),
);

/** What is always due somewhere in this span. */
const span = {
  startAtMs: fc.integer({ min: Date.UTC(2001, 0), max: Date.UTC(2029, 0) }),
  endAtMs: fc.integer({ min: Date.UTC(2069, 0), max: Date.UTC(2090, 0) }),
};

const schedule: fc.Arbitrary<Schedule> = fc.record({
  rule,
  enabled: fc.boolean(),
  ...span,
  jitterMs: fc.integer({ min: 0, max: 3_600_000 }),
  overlap: fc.constantFrom("skip" as const, "queue" as const),
  catchUp: fc.constantFrom("none" as const, "latest" as const, "all" as const),
  catchUpMax: fc.integer({ min: 1, max: 1_000 }),
  priority: fc.integer({ min: -100, max: 100 }),
  inputs: fc.constant({}),
}, {
  ...plain,
  requiredKeys: [
    ...["rule", "enabled", "jitterMs", "overlap", "catchUp", "catchUpMax"] as const,
    ...["priority", "inputs"] as const,
  ],
}).map((schedule) => schedule.catchUp === "all" ? schedule : { ...schedule, catchUpMax: 100 });

/** Any workflow that a file can hold. */
export const anyWorkflow: fc.Arbitrary<Workflow> = fc.record({
  name,
  description: text,
  enabled: fc.boolean(),
  schedules: fc.array(schedule, { maxLength: 3 }),
  inputs: fc.dictionary(name, input, { ...plain, maxKeys: 3 }),
  secrets: fc.uniqueArray(fc.constantFrom("API_KEY", "TOKEN"), { maxLength: 2 }),
  concurrency: fc.record({
    max: fc.integer({ min: 1, max: 1_000 }),
    key: fc.constantFrom("all", "${{ execution.workflow }}"),
  }, { ...plain, requiredKeys: ["max"] }),
  timeoutMs: fc.integer({ min: 1, max: 86_400_000 }),
  steps,
  finally: fc.uniqueArray(step, { maxLength: 2, selector: ({ name }) => name }).map((last) =>
    // a name of a step before ends in a digit
    last.map((each): Step => ({ ...each, name: `${each.name}_last`, needs: [] }))
  ),
  outputs: fc.dictionary(name, fc.oneof(json, expression), { ...plain, maxKeys: 3 }),
}, {
  ...plain,
  requiredKeys: [
    "name",
    "description",
    "enabled",
    "schedules",
    "inputs",
    "secrets",
    "steps",
    "finally",
    "outputs",
  ],
}).map((workflow) => ({
  ...workflow,
  schedules: workflow.schedules.map((each) => ({ ...each, inputs: inputsFor(workflow) })),
}));

/** A value for each input that has no default. */
function inputsFor({ inputs }: Pick<Workflow, "inputs">): Readonly<Record<string, unknown>> {
  const missing = Object.entries(inputs).filter(([, { default: value }]) => value === undefined);
  return Object.fromEntries(
    missing.map(([name, { type }]) => [name, type === "string" ? "given" : [1]]),
  );
}
