import assert from "node:assert/strict";
import { commands } from "../../../../core/cli/commands.ts";
import { commandHelpText, helpText } from "../../../../core/cli/line/help.ts";
import { textWidth } from "../../../../core/cli/show/width.ts";
import { plainLook } from "../plain_look.ts";

Deno.test("helpText() names every command on lines that fit", () => {
  const text = helpText(commands, undefined, plainLook());
  for (const { group, name, summary } of commands) {
    assert.ok(text.includes(`  ${group} ${name}`) && text.includes(summary.slice(0, 20)), name);
  }
  for (const columns of [40, 80]) {
    const lines = helpText(commands, undefined, plainLook({ columns })).split("\n");
    assert.deepEqual(lines.filter((line) => textWidth(line) > 80), []);
  }
});

Deno.test("helpText() about a group leaves the others out", () => {
  const text = helpText(commands, "agent", plainLook());
  assert.ok(text.includes("agent info ID"));
  assert.ok(!text.includes("workflow"));
});

Deno.test("commandHelpText() shows usage and options", () => {
  const command = commands.find(({ name }) => name === "history");
  assert.ok(command);
  assert.equal(
    commandHelpText(command, plainLook({ columns: 100 })),
    [
      "Show the latest executions of one workflow or of all.",
      "",
      "Usage: 100ac workflow history [NAME] [OPTIONS]",
      "",
      "Options:",
      "      --status STATUS  Show only executions with this status: failed, running, …",
      "      --limit N        Show at most this many (default 20)",
      "      --cursor CURSOR  Continue after the previous page",
      "      --json           Print the daemon's answer as one JSON document",
      "      --url URL        The daemon to ask (default AC100_URL, else http://127.0.0.1:8100)",
      "  -h, --help           Show this help",
    ].join("\n"),
  );
});
