import assert from "node:assert/strict";
import { keptLengthMax, resultLengthMax } from "../../core/engine/decide/evaluate.ts";
import { expressionDepthMax, expressionLengthMax } from "../../core/workflow/expression/cel.ts";
import { itemsMax, levelsMax, runningMax } from "../../core/workflow/definition.ts";
import {
  compileTemplate,
  filledLengthMax,
  timeMsMax,
} from "../../core/workflow/expression/expression.ts";
import { filesMax } from "../../core/workflow/folder/files.ts";
import { descriptionLengthMax, nameLengthMax, stepsMax } from "../../core/workflow/form/form.ts";
import { problemsMax } from "../../core/yaml/source_text.ts";
import { depthMax, valuesMax } from "../../core/yaml/json.ts";
import { textLengthMax, tokensMax } from "../../core/yaml/syntax.ts";
import { scheduleKeyNames } from "../../core/workflow/form/schedule.ts";
import { exitCodes } from "../../core/cli/line/exit_code.ts";
import { createApp } from "../../core/http/app.ts";
import { problemResponse } from "../../core/http/problem.ts";
import { AppError, errorCodes } from "../../core/errors.ts";
import { shippedVariables } from "../../core/shipped.ts";
import { readPage, root } from "../support/pages.ts";
import { startTestDaemon } from "../support/test_daemon.ts";
import { keyRows } from "../support/workflow_tables.ts";

const workflows = await readPage("docs/workflows.md");
const schedules = await readPage("docs/schedules.md");
const operations = await readPage("docs/operations.md");
const httpApi = await readPage("docs/http-api.md");
const design = await readPage("docs/design.md");

Deno.test("the table of bounds has those that are enforced", () => {
  const [rows = []] = workflows.tables("bound", "value");
  const values = rows.map(([, value]) => value).join(" ");
  const bounds = [
    ...[textLengthMax, tokensMax, valuesMax, depthMax, problemsMax, filesMax],
    ...[nameLengthMax, descriptionLengthMax, stepsMax, itemsMax],
    ...[expressionLengthMax, expressionDepthMax, timeMsMax, filledLengthMax],
    ...[keptLengthMax, resultLengthMax, runningMax, levelsMax],
  ];
  for (const bound of bounds) {
    const text = bound.toLocaleString("en");
    assert.match(values, new RegExp(`(?<![\\d,])${text}(?![\\d,])`), text);
  }
});

Deno.test("the tables of workflow keys have the language's keys, defaults and meanings", () => {
  const shown = workflows.tables("key", "default", "meaning").map((rows) =>
    rows.flatMap(([keys = "", ...rest]) => keys.split(", ").map((key) => [key, ...rest]))
  );
  const parts = ["workflow", "step", "for_each", "retry", "input", "concurrency"];
  assert.equal(shown.length, parts.length);
  parts.forEach((part, index) => assertRows(shown[index], part));
});

Deno.test("the table of schedule keys has every key with its default and meaning", () => {
  const [rows = []] = schedules.tables("key", "default", "meaning");
  const shown = rows.flatMap(([keys = "", ...rest]) =>
    keys.split(", ").map((key) => [key, ...rest])
  );
  assertRows(shown, "schedule");
  assert.deepEqual(
    shown.map(([key = ""]) => key.replaceAll("`", "")).toSorted(),
    scheduleKeyNames.toSorted(),
  );
});

function assertRows(shown: readonly (readonly string[])[] | undefined, part: string): void {
  const byKey = (a: readonly string[], b: readonly string[]) => a.join() < b.join() ? -1 : 1;
  assert.deepEqual(
    shown?.toSorted(byKey),
    keyRows(part).map((row) => [...row]).toSorted(byKey),
    part,
  );
}

Deno.test("the expressions in the table evaluate to what it says", () => {
  const [rows = []] = workflows.tables("expression", "with", "gives");
  assert.ok(rows.length > 8);
  for (const [expression = "", inputs = "", gives = ""] of rows) {
    const [source, given, wanted] = [expression, inputs, gives].map((cell) =>
      cell.replaceAll("`", "")
    );
    const value = compileTemplate(`\${{ ${source} }}`).evaluate({
      inputs: JSON.parse(given || "{}"),
      steps: {},
      execution: { id: "", workflow: "", as_of: null },
      now: "2026-01-16T10:30:00.000Z",
      secrets: {},
    });
    assert.equal(`${source}: ${JSON.stringify(value)}`, `${source}: ${wanted}`);
  }
});

Deno.test("the table of variables has every setting, and no other", async () => {
  const config = await Deno.readTextFile(`${root}core/config.ts`);
  const settings = new Set(config.match(/AC100_[A-Z_]+[A-Z](?=:)/g));
  for (const name of shippedVariables) settings.add(name);
  // The CLI's own, and the form of secrets' names.
  settings.add("AC100_URL").add("AC100_SECRET_NAME");
  const [rows = []] = operations.tables("variable", "default", "meaning");
  const shown = rows.map(([name = ""]) => name.replaceAll("`", ""));
  assert.deepEqual(shown.toSorted(), [...settings].toSorted());
});

Deno.test("the table of dependencies has every package, and no other", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(`${root}deno.json`)) as {
    imports: Record<string, string>;
  };
  const packages = Object.keys(imports).filter((name) => !name.startsWith("100ac"));
  const [rows = []] = design.tables("package", "for", "why this one");
  const shown = rows.map(([name = ""]) => name.replaceAll("`", ""));
  assert.deepEqual(shown.toSorted(), packages.toSorted());
});

Deno.test("the table of routes has every route, and no other", async () => {
  await using daemon = await startTestDaemon();
  const served = createApp(daemon.daemon.plane).routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replace(/\{.*?\}/, "")}`);
  const [rows = []] = httpApi.tables("method", "path", "answer");
  const shown = rows.map(([method, path]) => `${method} ${path?.replaceAll("`", "")}`);
  assert.deepEqual(shown.toSorted(), [...new Set(served)].toSorted());
});

Deno.test("the table of statuses has every error code at its status", () => {
  const [rows = []] = httpApi.tables("status", "codes");
  const shown = rows.flatMap(([status, codes = ""]) =>
    [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => `${code} ${status}`)
  );
  const answered = errorCodes.map((code) =>
    `${code} ${problemResponse(new AppError(code, "")).status}`
  );
  assert.deepEqual(shown.toSorted(), answered.toSorted());
});

Deno.test("the table of exit codes has each of them", () => {
  const [rows = []] = operations.tables("code", "meaning");
  assert.deepEqual(rows.map(([code]) => Number(code)), Object.values(exitCodes));
});
