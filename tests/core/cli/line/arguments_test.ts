import assert from "node:assert/strict";
import fc from "fast-check";
import { type Invocation, parseInvocation } from "../../../../core/cli/line/arguments.ts";
import { commands } from "../../../../core/cli/commands.ts";
import { AppError } from "../../../../core/errors.ts";

function parse(line: string): Invocation {
  return parseInvocation(line.split(" ").filter(Boolean), commands, "100ac");
}

function mistake(line: string): string {
  try {
    parse(line);
  } catch (thrown) {
    assert.ok(thrown instanceof AppError && thrown.code === "invalid_input");
    return thrown.message;
  }
  assert.fail(`"${line}" was taken`);
}

Deno.test("parseInvocation() finds command, argument and options, wherever the options stand", () => {
  const lines = [
    "workflow history simple_test --limit 5 --json",
    "--json workflow --limit=5 history simple_test",
  ];
  for (const line of lines) {
    const invocation = parse(line);
    assert.ok(invocation.kind === "run");
    assert.equal(invocation.command.name, "history");
    assert.equal(invocation.argument, "simple_test");
    assert.deepEqual(invocation.values, { limit: 5, json: true });
  }
});

Deno.test("parseInvocation() knows the ways to ask for help", () => {
  assert.deepEqual(parse("--help"), { kind: "help" });
  assert.deepEqual(parse("help"), { kind: "help" });
  assert.deepEqual(parse("workflow -h"), { kind: "help", group: "workflow" });
  assert.deepEqual(parse("help workflow"), { kind: "help", group: "workflow" });
  const help = parse("workflow run --help");
  assert.ok(help.kind === "help" && help.command?.name === "run");
  assert.deepEqual(parse(""), { kind: "incomplete" });
  assert.deepEqual(parse("agent"), { kind: "incomplete", group: "agent" });
});

Deno.test("parseInvocation() names a mistake and how to go on", () => {
  assert.equal(
    mistake("workflw run a"),
    'Cannot run command "workflw": there is no such command; did you mean "workflow"? ' +
      "Or see 100ac --help",
  );
  assert.equal(
    mistake("workflow rn a"),
    'Cannot run command "workflow rn": there is no such command; did you mean "workflow run"? ' +
      "Or see 100ac workflow --help",
  );
  assert.equal(
    mistake("agent list --jsn"),
    'Cannot read option "--jsn": there is no such option here; did you mean "--json"? ' +
      "Or see 100ac agent list --help",
  );
  assert.match(mistake("--jsn"), /did you mean "--json"\?/);
  assert.match(mistake("agent list --limit 3"), /"--limit": there is no such option here/);
  assert.match(mistake("agent info"), /its ID is missing; see 100ac agent info --help/);
  assert.match(mistake("workflow run a b"), /"b": there are too many arguments/);
  assert.match(mistake("agent list a"), /"a": there are too many arguments/);
});

Deno.test("parseInvocation() checks the options' values", () => {
  for (const limit of ["x", "0", "1001", "1.5", "1e2", "-5"]) {
    assert.match(
      mistake(`workflow history --limit=${limit}`),
      /is not a whole number from 1 to 1000/,
    );
  }
  assert.match(mistake("workflow history --limit"), /"--limit": its N is missing/);
  assert.match(mistake("workflow history --limit --json"), /"--limit": its N is missing/);
  assert.match(mistake("agent list --url="), /"--url": its URL is missing/);
  assert.match(mistake("agent list --json=yes"), /"--json": it does not take a value/);
});

Deno.test("parseInvocation() takes or refuses any words, and never breaks", () => {
  const word = fc.oneof(
    fc.constantFrom("agent", "workflow", "list", "run", "--json", "--limit", "-h", "--", "-"),
    fc.string(),
  );
  fc.assert(fc.property(fc.array(word, { maxLength: 6 }), (words) => {
    try {
      parseInvocation(words, commands, "100ac");
    } catch (thrown) {
      assert.ok(thrown instanceof AppError && thrown.code === "invalid_input", String(thrown));
    }
  }));
});
