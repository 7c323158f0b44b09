/** A source that fails or hangs three times of ten, under a workflow over two hundred symbols. */

import assert from "node:assert/strict";
import { makeTempFolder } from "../support/temp_folder.ts";
import { startTestDaemon } from "../support/test_daemon.ts";
import { faults } from "../support/yahoo_faults.ts";
import { startYahooReplay } from "../support/yahoo_replay.ts";

const symbols = Array.from({ length: 200 }, (_, n) => `S${n}`);

interface Entry {
  readonly symbol: string;
  readonly code: string;
}

interface Results {
  readonly histories?: readonly Entry[];
  readonly quotes?: readonly Entry[];
  readonly missing: readonly Entry[];
}

Deno.test("every symbol is accounted for when 30 % of a source's calls fail or hang", async () => {
  await using yahoo = startYahooReplay({ anySymbol: true });
  const kinds = [faults.hang, faults.serverError, faults.html, faults.truncated, faults.hang];
  // the same calls on every machine: three of each ten
  yahoo.misbehaveBy((call) => call % 10 < 3 ? kinds[call % kinds.length] : undefined);
  await using folder = await makeTempFolder();
  await Deno.writeTextFile(
    `${folder.path}/wide.yaml`,
    `name: wide
steps:
  - name: quotes
    agent: market_data_fetcher
    capability: fetch_batch
    params: { symbols: [${symbols.join(", ")}] }
    timeout: 100
    retry: { attempts: 3, backoff: 1s }
  - name: histories
    agent: historical_data_loader
    capability: load_batch_history
    params: { symbols: [${symbols.join(", ")}], period: 1mo }
    timeout: 100
    retry: { attempts: 3, backoff: 1s }
`,
  );
  await using daemon = await startTestDaemon({
    AC100_MARKET_DATA: "yahoo",
    AC100_YAHOO_URL: yahoo.url,
    AC100_SOURCE_TIMEOUT_SECONDS: "1",
    AC100_WORKFLOWS_DIR: folder.path,
  });
  const { status, steps, error } = await daemon.run("wide", 120_000);
  assert.equal(status, "completed", error?.message ?? "");
  for (const step of steps ?? []) {
    const { histories, quotes, missing } = step.result as Results;
    const served = histories ?? quotes ?? [];
    const accounted = [...served, ...missing].map(({ symbol }) => symbol);
    assert.deepEqual(accounted.toSorted(), symbols.toSorted(), step.name);
    // three attempts each: hardly any symbol is without an answer
    assert.ok(served.length >= 150, `${step.name}: ${served.length} of 200 answered`);
    for (const { code } of missing) assert.match(code, /^(source_down|bad_answer|rate_limited)$/);
  }
  const { sources } = await (await daemon.api("/market/sources")).json();
  const [source] = sources;
  assert.equal(source.source, "yahoo");
  assert.ok(source.timed_out + source.failures.source_down > 10, JSON.stringify(source));
  assert.ok(source.retried > 10);
});

Deno.test("where the first source fails, the next one answers, and says who it is", async () => {
  await using yahoo = startYahooReplay();
  yahoo.misbehave(faults.serverError);
  await using folder = await makeTempFolder();
  const text =
    "date,open,high,low,close,volume\n2026-01-15,10,12,9,11,500\n2026-01-16,11,12,10,12,400\n";
  await Deno.writeTextFile(`${folder.path}/AAPL-1d.csv`, text);
  await using daemon = await startTestDaemon({
    AC100_MARKET_DATA: "yahoo,csv",
    AC100_YAHOO_URL: yahoo.url,
    AC100_CSV_DIR: folder.path,
  });
  const asked = { symbol: "AAPL" };
  const quote = await daemon.ask("market_data_fetcher.fetch_quote", asked) as Record<
    string,
    unknown
  >;
  assert.deepEqual([quote.source, quote.price], ["csv", 12]);
  const loaded = await daemon.ask("historical_data_loader.load_history", {
    ...asked,
    period: "max",
  }) as Record<string, unknown>;
  assert.deepEqual([loaded.source, loaded.bars_loaded], ["csv", 2]);
});

Deno.test("the csv source reads its folder and nothing beside it", async () => {
  await using folder = await makeTempFolder();
  await using outside = await makeTempFolder();
  await Deno.writeTextFile(`${outside.path}/AAPL-1d.csv`, "date,open,high,low,close\n");
  await Deno.mkdir(`${folder.path}/csv`);
  await using daemon = await startTestDaemon({
    AC100_MARKET_DATA: "csv",
    AC100_CSV_DIR: `${folder.path}/csv`,
  });
  const agent = await (await daemon.api("/agents/csv")).json();
  assert.deepEqual(agent.permissions, { read: [`${folder.path}/csv`] });
  for (const symbol of ["../AAPL", `${outside.path}/AAPL`, "AAPL"]) {
    await assert.rejects(
      daemon.ask("market_data_fetcher.fetch_quote", { symbol }),
      (error: { code?: string }) => error.code === "bad_request" || error.code === "not_found",
    );
  }
});

Deno.test("findings are listed over HTTP, and a wrong question is refused", async () => {
  await using folder = await makeTempFolder();
  const text =
    "date,open,high,low,close,volume\n2026-01-15,10,12,9,11,0\n2026-01-16,11,9,10,12,400\n";
  await Deno.writeTextFile(`${folder.path}/AAPL-1d.csv`, text);
  await using daemon = await startTestDaemon({
    AC100_MARKET_DATA: "csv",
    AC100_CSV_DIR: folder.path,
  });
  await daemon.ask("historical_data_loader.load_history", { symbol: "AAPL", period: "max" });
  const { findings } = await (await daemon.api("/market/findings?symbol=AAPL")).json();
  const rules = new Set(findings.map(({ rule }: { rule: string }) => rule));
  for (const rule of ["zero_volume", "high_below_low", "stale"]) assert.ok(rules.has(rule), rule);
  const refused = await daemon.api("/market/findings?severity=bad");
  assert.equal(refused.status, 400);
  await refused.body?.cancel();
  const quality = await daemon.ask("historical_data_loader.check_quality", { symbol: "AAPL" });
  const { score, rejected } = quality as { score: number; rejected: number };
  assert.equal(rejected, 1);
  assert.ok(score < 0.9);
});

Deno.test("batches that run at once share what they ask the source for", async () => {
  await using yahoo = startYahooReplay({ anySymbol: true });
  await using daemon = await startTestDaemon({
    AC100_MARKET_DATA: "yahoo",
    AC100_YAHOO_URL: yahoo.url,
  });
  const batches = [["S1", "S2", "S3"], ["S3", "S2", "S4"], ["S2", "S3"]];
  const asked = (part: string): string[] =>
    yahoo.dataRequests.map(({ url }) => url).filter(({ pathname }) => pathname.includes(part))
      .flatMap(({ pathname, searchParams }) =>
        searchParams.get("symbols")?.split(",") ?? [pathname.split("/").at(-1) ?? ""]
      ).toSorted();
  await Promise.all(
    batches.map((symbols) => daemon.ask("market_data_fetcher.fetch_batch", { symbols })),
  );
  assert.deepEqual(asked("/quote"), ["S1", "S2", "S3", "S4"]);
  const loaded = await Promise.all(
    batches.map((symbols) =>
      daemon.ask("historical_data_loader.load_batch_history", { symbols, period: "1mo" })
    ),
  ) as Results[];
  for (const [place, { histories }] of loaded.entries()) {
    assert.deepEqual(histories?.map(({ symbol }) => symbol), batches[place]);
  }
  assert.deepEqual(asked("/chart/"), ["S1", "S2", "S3", "S4"]);
});
