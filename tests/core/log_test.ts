/** Log lines: what a field or a message holds can't pass for the log's own words. */

import assert from "node:assert/strict";
import { createLog } from "../../core/log.ts";

function linesOf(pretty: boolean, message: string, fields: Record<string, unknown>): string {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  createLog({ threshold: "debug", write, pretty, now: () => 0 }).info(message, fields);
  assert.equal(lines.length, 1);
  return lines.join();
}

Deno.test("no field stands in for time, level or message", () => {
  const line = linesOf(false, "said", { time: "now", level: "error", message: "forged", more: 1 });
  const time = "1970-01-01T00:00:00.000Z";
  assert.deepEqual(JSON.parse(line), { time, level: "info", message: "said", more: 1 });
});

Deno.test("a line for people stays one line, without what steers a terminal", () => {
  const line = linesOf(true, "one\ntwo\x1b[2J", { text: "three\r\x07", list: ["\x9b1m"] });
  assert.match(line, /one\\ntwo\\x1b\[2J.*text=three\\x0d\\x07.*list=/);
  // deno-lint-ignore no-control-regex
  const own = line.replaceAll(/\x1b\[\d+m/g, "");
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(own, /[\x00-\x1f\x7f-\x9f]/);
});
