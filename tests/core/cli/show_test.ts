import assert from "node:assert/strict";
import { showAgent, showAgents } from "../../../core/cli/show/agents.ts";
import {
  showHistory,
  showOutcome,
  showStarted,
  showSteered,
} from "../../../core/cli/show/executions.ts";
import { showFindings, showSources } from "../../../core/cli/show/market.ts";
import { showHealth, showSystem } from "../../../core/cli/show/system.ts";
import { showStatistics, showWorkflows } from "../../../core/cli/show/workflows.ts";
import { anAgent, anExecution, aStep } from "./fake_daemon.ts";
import { plainLook } from "./plain_look.ts";

const look = plainLook();

function assertText(actual: string, lines: readonly string[]): void {
  assert.deepEqual(actual.split("\n"), lines);
}

Deno.test("showAgents() lists agents, and why one is not in use", () => {
  const broken = anAgent({
    id: "broken.ts",
    status: "failed",
    reason: "Unexpected token",
    capabilities: [],
    messages: 0,
  });
  assertText(showAgents({ agents: [anAgent(), broken], problems: [] }, look), [
    "┏━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━┳━━━━━━━━━━┓",
    "┃ Agent ID   ┃ Capabilities ┃ Status ┃ Messages ┃",
    "┡━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━╇━━━━━━━━━━┩",
    "│ test_agent │ 1            │ idle   │ 3        │",
    "│ broken.ts  │ 0            │ failed │ 0        │",
    "└────────────┴──────────────┴────────┴──────────┘",
    "✗ broken.ts failed: Unexpected token",
  ]);
  const older = anAgent({ reason: "bad import", serves_version_of: "2026-02-03T04:05:06.000Z" });
  assert.ok(
    showAgents({ agents: [older], problems: [] }, look).endsWith(
      "✗ test_agent idle: serving version of 2026-02-03T04:05:06.000Z, file broken: bad import",
    ),
  );
  assert.match(showAgents({ agents: [], problems: [] }, look), /no agents/);
});

Deno.test("showAgents() colours idle green and failed red", () => {
  const agents = [anAgent(), anAgent({ status: "failed" })];
  const text = showAgents({ agents, problems: [] }, plainLook({ color: true }));
  assert.ok(text.includes("\x1b[32midle"));
  assert.ok(text.includes("\x1b[31mfailed"));
});

Deno.test("showAgent() shows what an agent keeps, and what is to be known of it", () => {
  const kept = {
    name: "chains",
    key: ["symbol", "strike"],
    history: true,
    retain_days: 90,
    declared: true,
    values: 12_345,
    bytes: 4_560_000,
    misfits: 1,
    checked: false,
  };
  const orphan = { ...kept, key: ["symbol"], declared: false, bytes: 0, values: 3 };
  const text = showAgent(anAgent({ collections: [kept, orphan] }), plainLook({ columns: 160 }));
  const rows = text.split("\n").filter((line) => line.startsWith("│ chains"));
  const note =
    "1 value not matching the schema, being checked against the changed schema, history, " +
    "retain 90d";
  assert.deepEqual(rows.map((row) => row.split("│").map((cell) => cell.trim()).slice(1, -1)), [
    ["chains", "symbol, strike", "12345", "4.6 MB", note],
    [
      "chains",
      "symbol",
      "3",
      "0.0 MB",
      "orphaned: the manifest no longer declares this name and key",
    ],
  ]);
});

Deno.test("showAgent() shows one agent with what it can do", () => {
  const agent = anAgent({
    secrets: [],
    isolation: "thread",
    origin: "shipped",
    permissions: { net: ["a.com", "b.com"] },
    cache: { hits: 8, misses: 2, hit_rate: 0.8 },
    last_error: "Cannot fetch",
    errors: 1,
  });
  assertText(showAgent(agent, look), [
    "test_agent  Echoes and adds",
    "  File           test_agent.ts (shipped)",
    "  Status         idle",
    "  Permissions    net: a.com, b.com",
    "  Lives in       a thread",
    "  Messages       3, 1 failed",
    "  Last error     Cannot fetch",
    "  Cache          8 hits, 2 misses (80 % hits)",
    "",
    "┏━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┓",
    "┃ Capability ┃ Input           ┃ Description            ┃",
    "┡━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━┩",
    "│ echo       │ message, times? │ Gives the message back │",
    "└────────────┴─────────────────┴────────────────────────┘",
  ]);
});

Deno.test("showWorkflows() lists workflows, and the mistakes in files", () => {
  const workflow = {
    name: "simple_test",
    description: "Echo and add",
    enabled: true,
    file: "simple.yaml",
    schedule: "every 5m",
    steps: [],
  };
  const problems = [{ file: "a.yaml", line: 3, column: 5, message: "unknown key" }];
  assertText(showWorkflows({ workflows: [workflow], problems }, look), [
    "┏━━━━━━━━━━━━━┳━━━━━━━┳━━━━━━━━━━┳━━━━━━━━━┳━━━━━━━━━━━━━━┓",
    "┃ Workflow    ┃ Steps ┃ Schedule ┃ Enabled ┃ Description  ┃",
    "┡━━━━━━━━━━━━━╇━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━╇━━━━━━━━━━━━━━┩",
    "│ simple_test │ 0     │ every 5m │ yes     │ Echo and add │",
    "└─────────────┴───────┴──────────┴─────────┴──────────────┘",
    "✗ a.yaml:3:5: unknown key",
  ]);
});

Deno.test("showStatistics() is the origin's table", () => {
  const statistics = {
    workflow: "market_data_pipeline",
    total_executions: 12,
    successful: 12,
    failed: 0,
    success_rate: 100,
    cancelled: 0,
    avg_duration_seconds: 8.2,
    p50_duration_seconds: null,
    p95_duration_seconds: null,
    p99_duration_seconds: null,
    last_execution: "2026-01-16T10:28:00Z",
    steps: [],
  };
  assertText(showStatistics(statistics, look), [
    "┏━━━━━━━━━━━━━━━━━━┳━━━━━━━━┓",
    "┃ Metric           ┃ Value  ┃",
    "┡━━━━━━━━━━━━━━━━━━╇━━━━━━━━┩",
    "│ Total Executions │ 12     │",
    "│ Successful       │ 12     │",
    "│ Failed           │ 0      │",
    "│ Success Rate     │ 100.0% │",
    "│ Avg Duration     │ 8.2s   │",
    "│ Last Run         │ 2m ago │",
    "└──────────────────┴────────┘",
  ]);
});

Deno.test("showStatistics() tells how long the execution and its steps took", () => {
  const durations = {
    avg_duration_seconds: 1.5,
    p50_duration_seconds: 1,
    p95_duration_seconds: 4,
    p99_duration_seconds: 5,
  };
  const rates = { failed: 1, success_rate: 50 };
  const shown = showStatistics({
    workflow: "w",
    total_executions: 3,
    successful: 1,
    cancelled: 1,
    ...rates,
    ...durations,
    last_execution: null,
    steps: [{ step: "fetch", attempts: 2, completed: 1, ...rates, ...durations }],
  }, look);
  assert.match(shown, /│ Cancelled +│ 1 +│/);
  assert.match(shown, /│ \(all\) │ 3 +│ 1 +│ 1\.5s │ 1\.0s │ 4\.0s │ 5\.0s │/);
  assert.match(shown, /│ fetch │ 2 +│ 1 +│ 1\.5s │ 1\.0s │ 4\.0s │ 5\.0s │/);
});

Deno.test("showOutcome() is the origin's result block", () => {
  const result = {
    quotes: [{ symbol: "AAPL", price: 258.71, currency: "USD", source: "yahoo" }],
    missing: [],
  };
  const execution = anExecution({
    workflow: "market_data_pipeline",
    status: "completed",
    steps: [aStep({ name: "fetch_watchlist_data", result })],
  });
  assertText(showOutcome(execution, look), [
    "✓ Workflow 'market_data_pipeline' completed successfully",
    `Execution ID: ${execution.execution_id}`,
    "",
    "Results:",
    "  Step 1: fetch_watchlist_data",
    "    ✓ Success - 1 symbol fetched",
    "    AAPL: $258.71",
  ]);
});

Deno.test("showOutcome() tells a failure once, where it happened", () => {
  const error = { code: "rate_limited", message: "too many requests, ".repeat(5).trim() } as const;
  const steps = [
    aStep({ status: "failed", result: null, error }),
    aStep({ name: "add_numbers", index: 1, status: "pending", result: null }),
  ];
  const execution = anExecution({ status: "failed", error, steps });
  assertText(showOutcome(execution, look), [
    "✗ Workflow 'simple_test' failed",
    `Execution ID: ${execution.execution_id}`,
    "",
    "Results:",
    "  Step 1: echo_test",
    "    ✗ too many requests, too many requests, too many requests, too many",
    "      requests, too many requests,",
    "  Step 2: add_numbers",
    "    pending",
  ]);
  const early = anExecution({ status: "failed", error: { ...error, message: "no such agent" } });
  assert.equal(showOutcome(early, look).split("\n")[1], "no such agent");
});

Deno.test("showOutcome() counts items, and leaves out what is too large", () => {
  const items = { begun: 12, completed: 10, failed: 2, running: 0 };
  const shown = showOutcome(
    anExecution({
      status: "completed",
      steps: [
        aStep({ name: "each", items, result: null }),
        aStep({ name: "large", index: 1, result: null, result_bytes: 5_000_000 }),
      ],
    }),
    look,
  );
  assert.match(shown, /✓ 10 of 12 items completed, 2 failed/);
  assert.match(shown, /✓ Success - 5\.0 MB, too large to show here/);
});

Deno.test("showOutcome() of what is under way says how far it has come", () => {
  const items = { begun: 14, completed: 11, failed: 1, running: 2 };
  const execution = anExecution({
    status: "running",
    steps: [
      aStep({ name: "each", index: 0, status: "running", items }),
      aStep({ name: "last", index: 1, status: "pending" }),
    ],
  });
  const text = showOutcome(execution, look);
  assertText(text, [
    "Workflow 'simple_test' is running",
    `Execution ID: ${execution.execution_id}`,
    "",
    "Steps:",
    "  Step 1: each",
    "    running: 11 items completed, 1 failed, 2 running",
    "  Step 2: last",
    "    pending",
  ]);
});

Deno.test("showSteered() tells what comes of what was asked, and what has come of it already", () => {
  const shown = (verb: "cancel" | "rerun", status: "running" | "cancelled"): string[] =>
    showSteered(anExecution({ execution_id: "b", status, rerun_of: "a" }), verb, look).split("\n");
  const see = "See its progress: 100ac execution show b";
  assert.match(shown("cancel", "running").join(" "), /'simple_test' is being cancelled: .*steps/);
  assert.deepEqual(shown("rerun", "running"), ["✓ Execution b of 'simple_test' repeats a", see]);
  assert.deepEqual(shown("cancel", "cancelled"), ["✓ Execution b of 'simple_test' is cancelled"]);
});

Deno.test("showStarted() says how to see the execution again", () => {
  assert.match(showStarted(anExecution(), look), /100ac execution show [-\w]+$/);
});

Deno.test("showHistory() fits ids into 80 columns and tells errors below", () => {
  const error = { code: "source_down", message: "Yahoo is down" } as const;
  const executions = [
    anExecution({ status: "completed", duration_seconds: 8.2 }),
    anExecution({ status: "failed", error }),
  ];
  const text = showHistory({ executions, next_cursor: executions[1]?.execution_id ?? null }, look);
  assert.ok(text.split("\n").every((line) => line.length <= 80));
  assert.match(text, /│ simple_test │ completed │ 2m ago +│ 8.2s +│/);
  const id = executions[1]?.execution_id;
  assert.ok(text.endsWith(`✗ ${id}: Yahoo is down\nOlder ones: --cursor ${id}`));
  assert.match(showHistory({ executions: [], next_cursor: null }, look), /no executions/);
});

Deno.test("showSystem() says plainly that simulated data is none of a market", () => {
  const text = showSystem({
    status: "degraded",
    version: "0.1.0",
    uptime_seconds: 125,
    pid: 7,
    market_data: "simulated",
    market_is_simulated: true,
    settings_problems: 1,
    database: "file:///data/100ac.db",
    rss_bytes: 112_000_000,
    agents: { idle: 3, busy: 0, failed: 1, refused: 0, stopped: 0 },
    wedged_threads: 0,
    workflows: { enabled: 4, all: 5, problems: 1 },
    executions: { running: 1, pending: 0, running_max: 5 },
    cache: { hits: 8, misses: 2, hit_rate: 0.8, evictions: 0 },
    bus: { sent: 9, received: 9, resent: 0, duplicates: 0, lost_events: 1 },
  }, look);
  for (
    const part of [
      "simulated: not real market prices",
      "2m 5s (process 7)",
      "3 idle, 1 failed",
      "1 mistake in agents.yaml",
      "4 of 5 enabled, 1 mistake",
      "1 event lost",
    ]
  ) assert.ok(text.includes(part), part);
});

Deno.test("showHealth() marks good and bad", () => {
  const checks = [
    { name: "store", ok: true, detail: "answers" },
    { name: "bus", ok: false, detail: "silent" },
  ];
  assertText(showHealth({ ok: false, checks }, look), [
    "┏━━━━━━━┳━━━━━━━━━━┳━━━━━━━━━┓",
    "┃ Check ┃ Result   ┃ Detail  ┃",
    "┡━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━┩",
    "│ store │ ✓ ok     │ answers │",
    "│ bus   │ ✗ failed │ silent  │",
    "└───────┴──────────┴─────────┘",
  ]);
});

Deno.test("findings are shown with how often they were seen, sources with their trouble", () => {
  const finding = {
    rule: "jump",
    severity: "warning",
    symbol: "NVDA",
    interval: "1d",
    at: null,
    message: "a split may be missing",
    source: "csv",
    agent: "historical_data_loader",
    first_seen_at: "2026-01-16T10:28:00Z",
    last_seen_at: "2026-01-16T10:28:00Z",
    seen_count: 3,
  } as const;
  const text = showFindings({ findings: [finding] }, look);
  for (const shown of ["NVDA 1d", "warning", "jump", "a split may be missing", "3×"]) {
    assert.ok(text.includes(shown), shown);
  }
  assert.equal(showFindings({ findings: [] }, look), "There are no findings.");
  const source = {
    source: "yahoo",
    breaker: "open",
    paused_until: "2026-01-16T10:40:00Z",
    asked: 9,
    calls: 7,
    coalesced: 2,
    retried: 1,
    timed_out: 1,
    refused: 4,
    served_stale: 5,
    latency: { count: 4, sum_seconds: 1, buckets: [] },
    failures: { source_down: 6 },
  } as const;
  const sources = showSources({ sources: [source] }, { ...look, columns: 200 });
  for (const shown of ["open", "4 refused", "6 source_down", "7 calls"]) {
    assert.ok(sources.includes(shown), shown);
  }
});
