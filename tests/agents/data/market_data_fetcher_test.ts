import assert from "node:assert/strict";
import { AppError, type ErrorCode, type Finding, type Missing, type Quote } from "100ac";
import agent from "../../../agents/data/market_data_fetcher.ts";
import { type AgentTrial, tryAgent } from "../agent_context.ts";
import { type FakeAnswers, type FakeSource, fakeSource } from "../fake_source.ts";
import { nowMs, quoteOf } from "../market_values.ts";

interface Batch {
  readonly quotes: readonly Quote[];
  readonly missing: readonly Missing[];
  readonly source: string;
  readonly cached: number;
}

interface FakeMarket extends AgentTrial {
  readonly source: FakeSource;
  /** Quotes and findings that the source stored. */
  readonly savedQuotes: Quote[];
  readonly savedFindings: Finding[];
  /** Set to make the source answer otherwise. */
  answer: FakeAnswers["quotes"];
  /** Set to make the source fail as a whole. */
  failure: AppError | undefined;
  /** Set to make the store fail. */
  storeFailure: AppError | undefined;
}

/** A source that knows the quotes given, and a store that keeps what it is sent. */
function marketOf(quotes: readonly Quote[], missing: readonly Missing[] = []): FakeMarket {
  const savedQuotes: Quote[] = [];
  const savedFindings: Finding[] = [];
  const source = fakeSource({
    quotes: (symbols) => {
      if (market.failure !== undefined) throw market.failure;
      return market.answer?.(symbols) ?? {
        quotes: quotes.filter(({ symbol }) => symbols.includes(symbol)),
        missing: missing.filter(({ symbol }) => symbols.includes(symbol)),
      };
    },
  }, {
    now: () => market.nowMs,
    store: {
      "market.save_quotes": (input: { quotes: Quote[] }) => {
        if (market.storeFailure !== undefined) throw market.storeFailure;
        savedQuotes.push(...input.quotes);
        return { saved: input.quotes.length };
      },
      "market.save_findings": (input: { findings: Finding[] }) => {
        savedFindings.push(...input.findings);
        return { saved: input.findings.length };
      },
    },
  });
  const trial = tryAgent(agent, {
    config: { sources: ["fake"] },
    nowMs,
    handlers: source.handlers,
  });
  const market: FakeMarket = Object.assign(trial, {
    source,
    savedQuotes,
    savedFindings,
    answer: undefined,
    failure: undefined,
    storeFailure: undefined,
  });
  return market;
}

function failsWith(code: ErrorCode, message: RegExp): (thrown: unknown) => boolean {
  return (thrown) =>
    thrown instanceof AppError && thrown.code === code && message.test(thrown.message);
}

const aapl = quoteOf("AAPL");
const msft = quoteOf("MSFT", { price: 466.25 });

Deno.test("fetch_quote gives the quote flat, as its source stored it, and caches it", async () => {
  const market = marketOf([aapl]);
  assert.deepEqual(await market.invoke("fetch_quote", { symbol: " $aapl" }), {
    ...aapl,
    cached: false,
  });
  assert.deepEqual(market.savedQuotes, [aapl]);
  assert.deepEqual(await market.invoke("fetch_quote", { symbol: "AAPL" }), {
    ...aapl,
    cached: true,
  });
  assert.equal(market.asked("fake.fetch_quotes").length, 1);
  assert.deepEqual(market.savedQuotes, [aapl]);
  assert.deepEqual(market.events, [], "who stores tells of it");
});

Deno.test("a quote is cached for sixty seconds and not longer", async () => {
  const market = marketOf([aapl]);
  await market.invoke("fetch_quote", { symbol: "AAPL" });
  market.nowMs += 59_999;
  await market.invoke("fetch_quote", { symbol: "AAPL" });
  assert.equal(market.asked("fake.fetch_quotes").length, 1);
  market.nowMs += 1;
  await market.invoke("fetch_quote", { symbol: "AAPL" });
  assert.equal(market.asked("fake.fetch_quotes").length, 2);
});

Deno.test("batches that meet ask for each symbol once, and share what is missing too", async () => {
  const market = marketOf([aapl, msft]);
  const [first, second] = await Promise.all(
    [["AAPL", "MISSING1", "MSFT"], ["MISSING1", "AAPL", "GONE"]].map((symbols) =>
      market.invoke<Batch>("fetch_batch", { symbols })
    ),
  );
  assert.deepEqual(market.asked("fake.fetch_quotes"), [
    { symbols: ["AAPL", "MISSING1", "MSFT"] },
    { symbols: ["GONE"] },
  ]);
  assert.deepEqual(first?.quotes.map(({ symbol }) => symbol), ["AAPL", "MSFT"]);
  assert.deepEqual(second?.quotes.map(({ symbol }) => symbol), ["AAPL"]);
  assert.deepEqual(second?.missing.map(({ symbol }) => symbol).toSorted(), ["GONE", "MISSING1"]);
});

Deno.test("who waited for another's question that failed asks for itself", async () => {
  const market = marketOf([aapl]);
  market.failure = new AppError("source_down", "Cannot ask: it is down; ask again later");
  const first = market.invoke("fetch_batch", { symbols: ["AAPL"] });
  const second = market.invoke("fetch_batch", { symbols: ["AAPL"] });
  await assert.rejects(first, failsWith("source_down", /it is down/));
  await assert.rejects(second, failsWith("source_down", /it is down/));
  assert.equal(market.asked("fake.fetch_quotes").length, 2);
});

Deno.test("fetch_quote refuses a malformed symbol without asking anybody", async () => {
  const market = marketOf([aapl]);
  await assert.rejects(
    market.invoke("fetch_quote", { symbol: "../../x" }),
    failsWith("bad_request", /^Cannot fetch quote "\.\.\/\.\.\/x": it holds "\/"; /),
  );
  assert.deepEqual(market.requests, []);
});

Deno.test("fetch_quote of an unknown symbol fails with the source's reason", async () => {
  const missing = { symbol: "NOPE", code: "not_found", reason: "no such symbol" };
  await assert.rejects(
    marketOf([], [missing]).invoke("fetch_quote", { symbol: "NOPE" }),
    failsWith("not_found", /^Cannot fetch quote "NOPE": no such symbol; check the symbol$/),
  );
});

Deno.test("fetch_quote takes a source's silence for an unknown symbol", async () => {
  await assert.rejects(
    marketOf([]).invoke("fetch_quote", { symbol: "NOPE" }),
    failsWith("not_found", /the source said nothing about it/),
  );
});

Deno.test("a missing symbol's code is kept, and a word that is no code is no answer", async () => {
  const codes: [string, ErrorCode][] = [
    ["rate_limited", "rate_limited"],
    ["oops", "bad_answer"],
  ];
  for (const [given, expected] of codes) {
    const market = marketOf([], [{ symbol: "AAPL", code: given, reason: "it is so" }]);
    await assert.rejects(
      market.invoke("fetch_quote", { symbol: "AAPL" }),
      failsWith(expected, /: it is so; try again later$/),
    );
  }
});

Deno.test("a failure of the source passes through with its code", async () => {
  for (const code of ["rate_limited", "source_down", "unauthorized"] as const) {
    const market = marketOf([aapl]);
    market.failure = new AppError(code, `Cannot ask source "fake": ${code}; wait`);
    for (const capability of ["fetch_quote", "validate_symbol"]) {
      await assert.rejects(market.invoke(capability, { symbol: "AAPL" }), market.failure);
    }
    await assert.rejects(market.invoke("fetch_batch", { symbols: ["AAPL"] }), market.failure);
    assert.deepEqual(market.savedQuotes, []);
  }
});

Deno.test("fetch_batch serves what it can and lists everything else", async () => {
  const market = marketOf([aapl, msft]);
  const batch = await market.invoke<Batch>("fetch_batch", {
    symbols: ["msft", "", "../x", "NOPE", "aapl", "MSFT"],
  });
  assert.deepEqual(batch.quotes, [msft, aapl]);
  assert.deepEqual(batch.missing.map(({ symbol, code }) => [symbol, code]), [
    ["", "bad_request"],
    ["../x", "bad_request"],
    ["MSFT", "duplicate"],
    ["NOPE", "not_found"],
  ]);
  assert.deepEqual([batch.source, batch.cached], ["fake", 0]);
  assert.deepEqual(market.asked("fake.fetch_quotes"), [{ symbols: ["MSFT", "NOPE", "AAPL"] }]);
});

Deno.test("fetch_batch asks the source once, and only for what the cache has not", async () => {
  const market = marketOf([aapl, msft]);
  await market.invoke("fetch_quote", { symbol: "AAPL" });
  const batch = await market.invoke<Batch>("fetch_batch", { symbols: ["AAPL", "MSFT"] });
  assert.deepEqual([batch.quotes, batch.cached], [[aapl, msft], 1]);
  const again = await market.invoke<Batch>("fetch_batch", { symbols: ["AAPL", "MSFT"] });
  assert.deepEqual([again.quotes, again.cached], [[aapl, msft], 2]);
  assert.deepEqual(market.asked("fake.fetch_quotes"), [
    { symbols: ["AAPL"] },
    { symbols: ["MSFT"] },
  ]);
});

Deno.test("fetch_batch of nothing but malformed entries asks nobody", async () => {
  const market = marketOf([]);
  const batch = await market.invoke<Batch>("fetch_batch", {
    symbols: ["", "a b", "x".repeat(9999)],
  });
  assert.deepEqual(batch.quotes, []);
  assert.equal(batch.missing.length, 3);
  assert(JSON.stringify(batch).length < 1000);
  assert.deepEqual(market.requests, []);
});

Deno.test("fetch_batch takes one to two hundred entries", async () => {
  const market = marketOf([]);
  const symbols = (count: number): string[] => Array.from({ length: count }, (_, n) => `S${n}`);
  await assert.rejects(market.invoke("fetch_batch", { symbols: symbols(0) }));
  await assert.rejects(market.invoke("fetch_batch", { symbols: symbols(201) }));
  const batch = await market.invoke<Batch>("fetch_batch", { symbols: symbols(200) });
  assert.equal(batch.missing.length, 200);
});

Deno.test("a quote that nobody asked for, or that comes twice, is dropped", async () => {
  const market = marketOf([]);
  market.answer = () => ({ quotes: [aapl, quoteOf("AAPL", { price: 1 }), msft], missing: [] });
  const batch = await market.invoke<Batch>("fetch_batch", { symbols: ["AAPL"] });
  assert.deepEqual(batch.quotes, [aapl]);
});

Deno.test("a quote with an impossible price is neither served nor kept", async () => {
  const market = marketOf([quoteOf("AAPL", { price: 0 }), msft]);
  const batch = await market.invoke<Batch>("fetch_batch", { symbols: ["AAPL", "MSFT"] });
  assert.deepEqual(batch.quotes, [msft]);
  assert.deepEqual(batch.missing, [
    { symbol: "AAPL", code: "bad_answer", reason: "The price is 0" },
  ]);
  assert.deepEqual(market.savedQuotes, [msft]);
  await assert.rejects(
    market.invoke("fetch_quote", { symbol: "AAPL" }),
    failsWith("bad_answer", /^Cannot fetch quote "AAPL": The price is 0; try again later$/),
  );
});

Deno.test("a quote that wants a look is served, and logged", async () => {
  const market = marketOf([quoteOf("AAPL", { as_of: "2024-06-01T00:00:00.000Z" })]);
  const batch = await market.invoke<Batch>("fetch_batch", { symbols: ["AAPL"] });
  assert.equal(batch.quotes.length, 1);
  assert.deepEqual(market.savedFindings.map(({ rule }) => rule), ["stale"]);
});

Deno.test("a quote that could not be stored is not cached either", async () => {
  const market = marketOf([aapl]);
  market.storeFailure = new AppError("store_unavailable", "Cannot write quotes: no disk; wait");
  await assert.rejects(
    market.invoke("fetch_quote", { symbol: "AAPL" }),
    failsWith("store_unavailable", /no disk/),
  );
  market.storeFailure = undefined;
  assert.deepEqual(await market.invoke("fetch_quote", { symbol: "AAPL" }), {
    ...aapl,
    cached: false,
  });
});

Deno.test("validate_symbol tells form and existence apart from failures", async () => {
  const market = marketOf([aapl], [{ symbol: "NOPE", code: "not_found", reason: "unknown" }]);
  assert.deepEqual(await market.invoke("validate_symbol", { symbol: "aapl" }), {
    symbol: "AAPL",
    valid: true,
    reason: null,
    name: "AAPL Inc.",
  });
  assert.deepEqual(await market.invoke("validate_symbol", { symbol: "nope" }), {
    symbol: "NOPE",
    valid: false,
    reason: "unknown",
    name: null,
  });
  assert.deepEqual(await market.invoke("validate_symbol", { symbol: "../x" }), {
    symbol: "../X",
    valid: false,
    reason: 'it holds "/"; a symbol is made of A-Z, 0-9 and . ^ = -',
    name: null,
  });
});

Deno.test("sanitize_symbol tells what it was and whether it changed", async () => {
  const { invoke } = marketOf([]);
  assert.deepEqual(await invoke("sanitize_symbol", { symbol: "aapl" }), {
    symbol: "AAPL",
    original: "aapl",
    changed: true,
  });
  assert.deepEqual(await invoke("sanitize_symbol", { symbol: "AAPL" }), {
    symbol: "AAPL",
    original: "AAPL",
    changed: false,
  });
});
