/** `/metrics`, read as Prometheus would. */

import assert from "node:assert/strict";
import { createApp } from "../../../../core/http/app.ts";
import { exposition } from "../../../../core/http/metrics/exposition.ts";
import { eventually } from "../../../support/eventually.ts";
import { startTestDaemon, type TestDaemon } from "../../../support/test_daemon.ts";

interface Family {
  readonly type: string;
  readonly help: string;
  /** By name and labels, as they are written. */
  readonly values: Map<string, number>;
}

const sampleLine =
  /^([a-z][a-z0-9_]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? (\+Inf|-?[0-9.e+-]+)$/;

/** Refuses what the format does not allow: a line out of place, a name twice, no value. */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  assert.ok(text.endsWith("\n"));
  let name = "";
  let help = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const told = /^# (HELP|TYPE) ([a-z][a-z0-9_]*) (.+)$/.exec(line);
    if (told?.[1] === "HELP") {
      [name, help] = [told[2] ?? "", told[3] ?? ""];
      assert.ok(!families.has(name), `${name} is there twice`);
    } else if (told) {
      assert.equal(told[2], name, "TYPE follows its HELP");
      families.set(name, { type: told[3] ?? "", help, values: new Map() });
    } else {
      const sample = sampleLine.exec(line);
      assert.ok(sample, `no sample: ${line}`);
      const family = families.get(name);
      assert.ok(family && sample[1]?.startsWith(name), `${line} is under ${name}`);
      const key = `${sample[1]}${sample[2] ?? ""}`;
      assert.ok(!family.values.has(key), `${key} is there twice`);
      family.values.set(key, Number(sample[3]?.replace("Inf", "Infinity")));
    }
  }
  return families;
}

async function scrape({ daemon }: TestDaemon): Promise<Map<string, Family>> {
  const headers = { authorization: `Bearer ${daemon.token}` };
  const response = await createApp(daemon.plane).request("/metrics", { headers });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  return parse(await response.text());
}

function valueOf(families: Map<string, Family>, key: string): number | undefined {
  return [...families.values()].flatMap(({ values }) => values.get(key) ?? [])[0];
}

Deno.test("metrics name their unit, their kind and what they are", async () => {
  await using daemon = await startTestDaemon();
  await daemon.run("market_data_pipeline");
  const families = await scrape(daemon);
  assert.ok(families.size > 30, `${families.size} metrics`);
  for (const [name, { type, help, values }] of families) {
    assert.match(name, /^(ac100|process)_/);
    assert.match(help, /\.$/, name);
    assert.equal(name.endsWith("_total"), type === "counter", name);
    assert.ok(["counter", "gauge", "histogram"].includes(type), name);
    for (const [key, value] of values) assert.ok(Number.isFinite(value) && value >= 0, key);
  }
});

Deno.test("metrics count what executions, sources and the cache did", async () => {
  await using daemon = await startTestDaemon();
  const idle = await scrape(daemon);
  assert.equal(valueOf(idle, 'ac100_source_up{source="simulated"}'), 0, "and it stays asleep");
  assert.equal(valueOf(idle, "ac100_hosts_running"), 0);
  assert.equal(valueOf(idle, 'ac100_executions_ended_total{status="completed"}'), 0);

  const asked = { symbol: "AAPL" };
  await daemon.ask("market_data_fetcher.fetch_quote", asked);
  await daemon.ask("market_data_fetcher.fetch_quote", asked);
  await daemon.ask("historical_data_loader.load_history", { symbol: "MSFT" });
  await assert.rejects(daemon.ask("historical_data_loader.load_history", { symbol: "MISSING1" }));
  await daemon.run("simple_test");
  const ended = 'ac100_executions_ended_total{status="completed"}';
  const families = await eventually(async () => {
    const now = await scrape(daemon);
    return valueOf(now, ended) === 1 && now;
  });

  const of = (key: string): number | undefined => valueOf(families, key);
  assert.equal(of('ac100_source_up{source="simulated"}'), 1);
  assert.equal(of('ac100_source_requests_total{source="simulated"}'), 3);
  assert.equal(of('ac100_source_calls_total{source="simulated"}'), 3);
  assert.equal(of('ac100_source_failures_total{source="simulated",code="not_found"}'), 1);
  assert.equal(of('ac100_source_breaker_state{source="simulated",state="closed"}'), 1);
  assert.equal(of('ac100_source_breaker_state{source="simulated",state="open"}'), 0);
  const cache = 'agent="market_data_fetcher"';
  assert.equal(of(`ac100_cache_requests_total{${cache},outcome="hit"}`), 1);
  assert.equal(of(`ac100_cache_requests_total{${cache},outcome="miss"}`), 1);
  assert.equal(of(`ac100_cache_hit_ratio{${cache}}`), 0.5);
  assert.equal(of("ac100_queue_depth"), 0);
  assert.equal(of('ac100_executions{status="running"}'), 0);
  assert.ok((of("ac100_hosts_running") ?? 0) >= 1);
  assert.ok((of("process_resident_memory_bytes") ?? 0) > 10_000_000);
});

Deno.test("a histogram's buckets rise to its count", async () => {
  await using daemon = await startTestDaemon();
  for (const symbol of ["AAPL", "MSFT", "NVDA"]) {
    await daemon.ask("historical_data_loader.load_history", { symbol });
  }
  const families = await scrape(daemon);
  const { type, values } = families.get("ac100_source_call_duration_seconds") ?? {};
  assert.equal(type, "histogram");
  const buckets = [...values ?? []].filter(([key]) => key.includes("_bucket"));
  const counts = buckets.map(([, value]) => value);
  assert.deepEqual(counts, counts.toSorted((a, b) => a - b));
  assert.match(buckets.at(-1)?.[0] ?? "", /le="\+Inf"/);
  assert.equal(counts.at(-1), 3);
});

Deno.test("labels and help are escaped, and a metric without values is left out", () => {
  const labels = { agent: 'a"b\\c\nd' };
  const text = exposition([
    { name: "one", help: "a\nb", type: "gauge", samples: [{ labels, value: 1.5 }] },
    { name: "none", help: "n", type: "gauge", samples: [] },
    { name: "two", help: "c", type: "gauge", samples: [{ value: Infinity }] },
  ]);
  assert.equal(
    text,
    '# HELP one a\\nb\n# TYPE one gauge\none{agent="a\\"b\\\\c\\nd"} 1.5\n' +
      "# HELP two c\n# TYPE two gauge\ntwo +Inf\n",
  );
});

Deno.test("metrics are for those with the token alone", async () => {
  await using daemon = await startTestDaemon();
  const response = await createApp(daemon.daemon.plane).request("/metrics");
  assert.equal(response.status, 401);
});
