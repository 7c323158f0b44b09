/** The workflows that come with the project. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { loadWorkflows } from "../../../core/workflow/folder/files.ts";
import { parseWorkflows } from "../../../core/workflow/form/parse.ts";

const folder = fileURLToPath(new URL("../../../workflows", import.meta.url));

Deno.test("the four workflows of the origin load, with its steps in its order", async () => {
  const { workflows, problems } = await loadWorkflows(folder);
  assert.deepEqual(problems, []);
  const origin = workflows.filter(({ name }) => name !== "watchlist_risk");
  assert.equal(origin.length, workflows.length - 1);
  const steps = origin.map(({ name, enabled, steps }) => [
    name,
    enabled,
    ...steps.map(({ name, agent, capability, params }) =>
      `${name}: ${agent}.${capability} ${JSON.stringify(params)}`
    ),
  ]);
  assert.deepEqual(steps, [
    [
      "daily_market_snapshot",
      true,
      'fetch_current_prices: market_data_fetcher.fetch_batch {"symbols":["AAPL","MSFT","GOOGL"]}',
      "load_historical_context: historical_data_loader.load_batch_history " +
      '{"symbols":["AAPL","MSFT","GOOGL"],"period":"5d","interval":"1h"}',
      'verify_dates: historical_data_loader.get_available_dates {"symbol":"AAPL"}',
    ],
    [
      "historical_analysis",
      true,
      "load_aapl_history: historical_data_loader.load_history " +
      '{"symbol":"AAPL","period":"1mo","interval":"1d"}',
      'check_available_dates: historical_data_loader.get_available_dates {"symbol":"AAPL"}',
    ],
    [
      "market_data_pipeline",
      true,
      'validate_symbols: market_data_fetcher.validate_symbol {"symbol":"AAPL"}',
      "fetch_watchlist_data: market_data_fetcher.fetch_batch " +
      '{"symbols":["AAPL","MSFT","GOOGL","TSLA","NVDA"]}',
      'sanitize_results: market_data_fetcher.sanitize_symbol {"symbol":"aapl"}',
    ],
    [
      "simple_test",
      true,
      'echo_test: test_agent.echo {"message":"Hello from workflow!"}',
      'add_numbers: test_agent.add {"a":10,"b":32}',
    ],
  ]);
});

Deno.test("a schedule shown in a shipped workflow's comments is right", async () => {
  const { workflows } = await loadWorkflows(folder);
  const texts = await Promise.all(workflows.map(({ file }) => Deno.readTextFile(file)));
  const shown = texts.flatMap((text) => [...text.matchAll(/# +(schedule: \{.*\})/g)]);
  assert(shown.length >= 3);
  for (const [, schedule] of shown) {
    const text = `name: w\n${schedule}\nsteps: [{ name: s, agent: a, capability: c }]\n`;
    assert.deepEqual(parseWorkflows(text, "w.yaml").problems, []);
  }
});
