/** What a file says of schedules: what is wrong is refused where it stands, the rest is read. */

import assert from "node:assert/strict";
import { parseWorkflows } from "../../../../core/workflow/form/parse.ts";
import { workflowText } from "../../../../core/workflow/folder/print.ts";

const head = "name: w\nschedule: ";
const steps = "\nsteps: [{ name: s, agent: a, capability: c }]\n";

/** Of a `schedule:` on the second line: `column: message` of each problem. */
function problemsOf(schedule: string): string[] {
  const { problems } = parseWorkflows(`${head}${schedule}${steps}`, "w.yaml");
  assert.ok(problems.every(({ file, line }) => file === "w.yaml" && line === 2), schedule);
  return problems.map(({ column, message }) => `${column}: ${message}`);
}

/** What a wrong schedule is refused with: where the caret stands, and words of the message. */
const refused: readonly (readonly [string, string, RegExp])[] = [
  ["{ every: 0s }", "0s", /"every" must be at least 1s/],
  ["{ every: 999ms }", "999ms", /"every" must be at least 1s/],
  ["{ every: often }", "often", /"every"/],
  ["{ every: 1m, jitter: 60s }", "60s", /"jitter" must be shorter than "every"/],
  ["{ every: 1d, jitter: 2h }", "2h", /"jitter" must be at most/],
  ['{ cron: "0 0 31 2 *" }', '"0 0', /"cron" never comes due/],
  ['{ cron: "0 9 * * SUN", calendar: XNYS }', '"0 9', /"cron" never comes due/],
  ['{ cron: "0 9 * *" }', '"0 9', /is no cron rule.*five fields/],
  ['{ cron: "0 0 9 * * *" }', '"0 0 9', /is no cron rule.*five fields/],
  ['{ cron: "61 9 * * *" }', '"61', /is no cron rule/],
  ['{ cron: "@daily" }', '"@daily', /is no cron rule/],
  ['{ cron: "0 9 * * *", timezone: New York }', "New York", /America\/New_York/],
  ['{ cron: "0 9 * * *", timezone: Europe/Lundon }', "Europe/Lundon", /Europe\/London/],
  ['{ cron: "0 9 * * *", calendar: XNYZ }', "XNYZ", /XNYS/],
  ['{ at: "XNYZ.close" }', '"XNYZ', /has no calendar "XNYZ"; did you mean XNYS\?/],
  ['{ at: "XNYS.lunch" }', '"XNYS', /is no session.*XNYS\.close \+ 15m/],
  ['{ at: "XNYS.close + 25h" }', '"XNYS', /has an offset that/],
  ['{ at: "XNYS.close + 15" }', '"XNYS', /"at"/],
  ['{ once: "tomorrow" }', '"tomorrow', /is no instant/],
  ['{ once: "2026-12-01T09:30" }', '"2026', /is no instant/],
  ['{ once: "2026-03-08T02:30[America/New_York]" }', '"2026', /a time that the clocks skip/],
  ['{ every: 5m, start: "2026-01-02T00:00Z", end: "2026-01-01T00:00Z" }', '"2026-01-01', /after/],
  ['{ once: "2026-01-02T00:00Z", end: "2026-01-01T00:00Z" }', '"2026-01-02', /never comes due/],
  ["{ every: 5m, timezone: UTC }", "UTC", /"timezone" goes with "cron", not "every"/],
  ['{ at: "XNYS.open", calendar: XNYS }', "XNYS }", /"calendar" goes with "cron", not "at"/],
  ["{ every: 5m, catch_up_max: 5 }", "5 }", /"catch_up_max" goes with "catch_up: all"/],
  ["{ every: 5m, catch_up: all, catch_up_max: 0 }", "0 }", /"catch_up_max"/],
  ["{ every: 5m, overlap: wait }", "wait", /"overlap"/],
  ["{ every: 5m, priority: 101 }", "101", /"priority"/],
  ["{ every: 5m, evry: 6m }", "evry", /"evry"/],
  ['{ every: 5m, cron: "0 9 * * *" }', "{", /needs one of "every", "cron", "at" and "once"/],
  ["{ overlap: queue }", "{", /needs one of "every", "cron", "at" and "once"/],
  ["[]", "[", /"schedule"/],
  ["often", "often", /"schedule"/],
];

Deno.test("a schedule that is wrong is refused at its place, with the cure", async (t) => {
  for (const [schedule, at, words] of refused) {
    await t.step(schedule, () => {
      const [first = "", ...others] = problemsOf(schedule);
      assert.deepEqual(others, []);
      assert.match(first, words);
      const column = "schedule: ".length + schedule.lastIndexOf(at) + 1;
      assert.ok(first.startsWith(`${column}: `), `${first} is not at column ${column}`);
    });
  }
});

Deno.test("all that is wrong with a schedule is told at once", () => {
  const problems = problemsOf("{ every: 0s, timezone: Mars, overlap: wait, typo: 1 }");
  assert.equal(problems.length, 5, problems.join("\n"));
});

Deno.test("schedules are printed so that they are read as the same", () => {
  const schedules = [
    "{ every: 90s, jitter: 5s, overlap: queue, catch_up: all, catch_up_max: 7 }",
    '{ cron: "40 9 * * MON-FRI", timezone: America/New_York, calendar: XNYS, priority: -3 }',
    '{ at: "XNYS.close - 15m", catch_up: none, enabled: false, inputs: { n: 1 } }',
    '{ at: "24/7.open" }',
    '{ once: "2026-11-01T01:30-05:00[America/New_York]", start: "2026-01-01T00:00Z" }',
  ];
  const text = `name: w\ninputs: { n: { type: integer, default: 0 } }\nschedule:\n${
    schedules.map((schedule) => `  - ${schedule}\n`).join("")
  }steps: [{ name: s, agent: a, capability: c }]\n`;
  const { workflows: [workflow], problems } = parseWorkflows(text, "w.yaml");
  assert.deepEqual(problems, []);
  assert.ok(workflow);
  const { workflows: [again] } = parseWorkflows(workflowText(workflow), "w.yaml");
  assert.equal(workflow.schedules.length, schedules.length);
  assert.deepEqual(again?.schedules, workflow.schedules);
});
