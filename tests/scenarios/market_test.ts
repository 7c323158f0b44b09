/** The four workflows on both markets, and Yahoo failing in every way it is known to. */

import assert from "node:assert/strict";
import type { StepView } from "../../core/http/api.ts";
import { startTestDaemon } from "../support/test_daemon.ts";
import { faults } from "../support/yahoo_faults.ts";
import { startYahooReplay } from "../support/yahoo_replay.ts";

const workflows = [
  "simple_test",
  "market_data_pipeline",
  "historical_analysis",
  "daily_market_snapshot",
];

interface Results {
  readonly quotes?: readonly { readonly source: string }[];
  readonly source?: string;
  readonly bars_loaded?: number;
}

function sourcesOf(steps: readonly StepView[] | undefined): string[] {
  return (steps ?? []).flatMap(({ result }) => {
    const { quotes, source } = (result ?? {}) as Results;
    return [...(quotes ?? []).map((quote) => quote.source), ...(source ? [source] : [])];
  });
}

Deno.test("the four workflows complete on the simulated market, and every value says so", async () => {
  await using daemon = await startTestDaemon();
  for (const workflow of workflows) {
    const { status, steps, error } = await daemon.run(workflow);
    assert.equal(status, "completed", `${workflow}: ${error?.message}`);
    assert.ok(sourcesOf(steps).every((source) => source === "simulated"));
  }
  const rows = await daemon.rows(
    "SELECT DISTINCT source FROM quotes UNION SELECT DISTINCT source FROM bars",
  );
  assert.deepEqual(rows.map(({ source }) => source), ["simulated"]);
});

Deno.test("the four workflows complete on a replayed Yahoo, and every value says yahoo", async () => {
  await using yahoo = startYahooReplay();
  await using daemon = await startTestDaemon({
    AC100_MARKET_DATA: "yahoo",
    AC100_YAHOO_URL: yahoo.url,
  });
  for (const workflow of workflows) {
    const { status, steps, error } = await daemon.run(workflow);
    assert.equal(status, "completed", `${workflow}: ${error?.message}`);
    assert.ok(sourcesOf(steps).every((source) => source === "yahoo"));
  }
});

Deno.test("quotes are asked of Yahoo once within their minute, and hits are counted", async () => {
  await using yahoo = startYahooReplay();
  await using daemon = await startTestDaemon({
    AC100_MARKET_DATA: "yahoo",
    AC100_YAHOO_URL: yahoo.url,
  });
  const quotesAsked = (): number =>
    yahoo.requests.filter(({ url }) => url.pathname.includes("/quote")).length;
  await daemon.ask("market_data_fetcher.fetch_quote", { symbol: "AAPL" });
  const asked = quotesAsked();
  await daemon.ask("market_data_fetcher.fetch_quote", { symbol: "AAPL" });
  assert.equal(quotesAsked(), asked);
  const agent = await (await daemon.api("/agents/market_data_fetcher")).json();
  assert.deepEqual(agent.cache, { hits: 1, misses: 1, hit_rate: 0.5 });
});

Deno.test("each failure of Yahoo fails the step with its code, and the daemon stays up", async (t) => {
  const cases = [
    ["401", faults.unauthorized, "unauthorized"],
    ["429", faults.rateLimited(30), "rate_limited"],
    ["500", faults.serverError, "source_down"],
    ["HTML", faults.html, "bad_answer"],
    ["JSON that breaks off", faults.truncated, "bad_answer"],
  ] as const;
  for (const [name, fault, code] of cases) {
    await t.step(`${name} → ${code}`, async () => {
      await using yahoo = startYahooReplay();
      yahoo.misbehave(fault, "data");
      await using daemon = await startTestDaemon({
        AC100_MARKET_DATA: "yahoo",
        AC100_YAHOO_URL: yahoo.url,
      });
      const { status, error, steps } = await daemon.run("market_data_pipeline");
      assert.equal(status, "failed");
      assert.equal(error?.code, code);
      assert.match(error?.message ?? "", /Step "validate_symbols" failed: Cannot/);
      assert.deepEqual(steps?.map((step) => step.status), ["failed", "pending", "pending"]);
      assert.equal((await daemon.run("simple_test")).status, "completed");
      const rows = await daemon.rows("SELECT * FROM quotes");
      assert.equal(rows.length, 0);
    });
  }
});

Deno.test("a symbol that tries to leave its path is refused without a request", async () => {
  await using yahoo = startYahooReplay();
  await using daemon = await startTestDaemon({
    AC100_MARKET_DATA: "yahoo",
    AC100_YAHOO_URL: yahoo.url,
  });
  for (const symbol of ["../../x", "AAPL/../../etc", "", "A B", "%2e%2e"]) {
    await assert.rejects(
      daemon.ask("market_data_fetcher.fetch_quote", { symbol }),
      (error: { code?: string }) => error.code === "bad_request",
    );
  }
  assert.deepEqual(yahoo.requests, []);
});
