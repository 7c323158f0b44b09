import assert from "node:assert/strict";
import { ProgressLine, progressText } from "../../../../core/cli/show/progress.ts";
import { textWidth } from "../../../../core/cli/show/width.ts";
import { anExecution, aStep } from "../fake_daemon.ts";
import { plainLook } from "../plain_look.ts";

const steps = [
  aStep({ name: "validate_symbols", index: 0 }),
  aStep({ name: "fetch_watchlist_data", index: 1, status: "running" }),
  aStep({ name: "sanitize_results", index: 2, status: "pending" }),
];
const running = anExecution({ workflow: "market_data_pipeline", steps });

Deno.test("progressText() tells step, count and time", () => {
  assert.equal(
    progressText(running, 1_200, plainLook()),
    "⠹ market_data_pipeline  step 2/3 fetch_watchlist_data  1.2s",
  );
  const retried = steps.map((step) => ({ ...step, attempt: 2 }));
  assert.match(progressText({ ...running, steps: retried }, 0, plainLook()), /\(attempt 2\)/);
  const items = { begun: 12, completed: 9, failed: 1, running: 2 };
  const many = [aStep({ name: "load", status: "running", items })];
  assert.match(progressText({ ...running, steps: many }, 0, plainLook()), /load, 10 items done/);
  assert.match(progressText({ ...running, status: "paused" }, 0, plainLook()), /is paused/);
  assert.match(
    progressText(anExecution({ status: "pending" }), 0, plainLook()),
    /simple_test {2}is waiting in the queue/,
  );
});

Deno.test("progressText() stays on its line and shows no control characters", () => {
  const evil = anExecution({
    steps: [aStep({ status: "running", name: "株価\x1b[2J\n".repeat(30) })],
  });
  for (const columns of [20, 40, 80]) {
    const text = progressText(evil, 61_000, plainLook({ columns }));
    assert.ok(textWidth(text) <= columns - 3, text);
    assert.doesNotMatch(text, /\p{Cc}/u);
  }
});

Deno.test("ProgressLine takes its line away at the end", () => {
  let written = "";
  {
    using line = new ProgressLine((text) => written += text, () => plainLook());
    line.show(running);
    assert.ok(written.includes("step 2/3"));
  }
  assert.ok(written.endsWith("\r\x1b[2K"));
});
