import assert from "node:assert/strict";
import fc from "fast-check";
import { table } from "../../../../core/cli/show/table.ts";
import { textWidth } from "../../../../core/cli/show/width.ts";
import { plainLook } from "../plain_look.ts";

Deno.test("table() draws a heavy head over a light body", () => {
  const text = table(
    ["Agent ID", "Status"],
    [["test_agent", "idle"], ["株価", "busy"]],
    plainLook(),
  );
  assert.equal(
    text,
    [
      "┏━━━━━━━━━━━━┳━━━━━━━━┓",
      "┃ Agent ID   ┃ Status ┃",
      "┡━━━━━━━━━━━━╇━━━━━━━━┩",
      "│ test_agent │ idle   │",
      "│ 株価       │ busy   │",
      "└────────────┴────────┘",
    ].join("\n"),
  );
});

Deno.test("table() colours cells without shifting borders", () => {
  const rows = [[{ text: "idle", tone: "green" as const }]];
  const colored = table(["Status"], rows, plainLook({ color: true }));
  assert.ok(colored.includes("│ \x1b[32midle  \x1b[0m │"));
  // deno-lint-ignore no-control-regex -- colours are control characters
  assert.equal(colored.replaceAll(/\x1b\[\d+m/g, ""), table(["Status"], rows, plainLook()));
});

Deno.test("table() takes the room from the widest column, words first staying whole", () => {
  const id = "0198c0de-0000-7000-8000-000000000001";
  const text = table(
    ["ID", "Error"],
    [[id, "the source gave no answer"]],
    plainLook({ columns: 53 }),
  );
  assert.ok(text.includes(`│ ${id} │ the source │`), text);
  assert.ok(text.includes("│ gave no    │"), text);
});

Deno.test("table() fits the terminal, with all lines of one width", () => {
  const cell = fc.string({ unit: "grapheme", maxLength: 60 }).map((text) =>
    text.replaceAll(/\p{Cc}/gu, " ")
  );
  const rows = fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 22, max: 120 }), (rows, columns) => {
      const widths = table(["A", "B", "C"], rows, plainLook({ columns })).split("\n").map(
        textWidth,
      );
      assert.equal(new Set(widths).size, 1);
      assert.ok((widths[0] ?? 0) <= columns);
    }),
    { examples: [[[["unbroken", "abc", "  "]], 22]] },
  );
});

Deno.test("table() without a terminal cuts nothing", () => {
  const long = "x".repeat(500);
  assert.ok(table(["A"], [[long]], plainLook({ columns: Infinity })).includes(long));
});
