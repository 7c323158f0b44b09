/** Lists of symbols that nobody means well with, asked of a real daemon. */

import assert from "node:assert/strict";
import { startTestDaemon } from "../support/test_daemon.ts";

const capabilities = [
  ["market_data_fetcher.fetch_batch", "quotes"],
  ["historical_data_loader.load_batch_history", "histories"],
] as const;

const hostile = [
  "../../etc/passwd",
  "AAPL/..",
  "%2e%2e",
  "A\0B",
  "ＡＡＰＬ",
  "ıbm",
  "💣",
  "\ud800",
  "a".repeat(100_000),
  "__proto__",
  "A'; DROP TABLE bars; --",
  "-AAPL",
  "=X",
  "",
  "   ",
];

interface Batch {
  readonly missing: readonly { readonly symbol: string; readonly code: string }[];
  readonly quotes?: readonly { readonly symbol: string }[];
  readonly histories?: readonly { readonly symbol: string }[];
}

for (const [capability, served] of capabilities) {
  Deno.test(`${capability} serves the good of a hostile list, and says why not the rest`, async () => {
    await using daemon = await startTestDaemon();
    const symbols = [...hostile, "AAPL", " $aapl", "constructor", "MISSING1"];
    const batch = await daemon.ask(capability, { symbols }) as Batch;
    assert.deepEqual(batch[served]?.map(({ symbol }) => symbol), ["AAPL", "CONSTRUCTOR"]);
    const codes = batch.missing.map(({ code }) => code);
    assert.deepEqual(codes, [...hostile.map(() => "bad_request"), "duplicate", "not_found"]);
    assert.ok(batch.missing.every(({ symbol }) => symbol.length <= 41), "told, but not at length");
  });

  Deno.test(`${capability} refuses a list that is empty, endless, or none`, async () => {
    await using daemon = await startTestDaemon();
    const endless = Array.from({ length: 10_000 }, (_, n) => `S${n}`);
    for (const symbols of [[], endless, ["AAPL", 1], "AAPL", null, { length: 1 }]) {
      await assert.rejects(
        daemon.ask(capability, { symbols }),
        (error: { code?: string }) => error.code === "invalid_input",
      );
    }
    assert.ok(await daemon.ask(capability, { symbols: ["AAPL"] }), "and nothing has come of it");
    const rows = await daemon.rows(
      "SELECT DISTINCT symbol FROM bars UNION SELECT DISTINCT symbol FROM quotes",
    );
    assert.deepEqual(rows.map(({ symbol }) => symbol), ["AAPL"]);
  });
}
