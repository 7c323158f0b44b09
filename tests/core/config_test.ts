/** The configuration: defaults, and every problem at once. */

import assert from "node:assert/strict";
import { readConfig } from "../../core/config.ts";
import { AppError } from "../../core/errors.ts";

Deno.test("readConfig() has a default for everything", () => {
  const config = readConfig({ HOME: "/nowhere", AC100_URL: "http://127.0.0.1:1" });
  assert.equal(config.host, "127.0.0.1");
  assert.equal(config.port, 8_100);
  assert.deepEqual(config.agentVariables, {});
  assert.equal(config.concurrentMax, 5);
  assert.match(config.databaseUrl, /^file:.*\/data\/100ac\.db$/);
});

Deno.test("readConfig() reports every problem at once and suggests a name for a typo", () => {
  assert.throws(
    () =>
      readConfig({
        AC100_PORT: "80000",
        AC100_MAX_CONCURENT: "3",
        AC100_TOKEN: "short",
        AC100_MARKET_DATTA: "yahoo",
        AC100_DATABASE_URL: "postgres://x",
        AC100_SUPERVISE: "yes",
      }),
    (thrown) => {
      assert.ok(thrown instanceof AppError);
      assert.equal(thrown.code, "invalid_config");
      const { problems } = thrown.details as { problems: string[] };
      assert.equal(problems.length, 6);
      assert.match(
        thrown.message,
        /AC100_MAX_CONCURENT: is not a setting; did you mean AC100_MAX_/,
      );
      assert.match(thrown.message, /AC100_PORT: is not between 0 and 65535/);
      assert.match(
        thrown.message,
        /AC100_MARKET_DATTA: is not a setting; did you mean AC100_MARKET_DATA/,
      );
      assert.match(thrown.message, /AC100_SUPERVISE: is not one of 1, 0/);
      return true;
    },
  );
});

Deno.test("the database is a file or a server reached over HTTP", () => {
  for (const databaseUrl of ["file:a.db", "libsql://db.example", "https://db.example"]) {
    assert.equal(readConfig({ AC100_DATABASE_URL: databaseUrl }).databaseUrl, databaseUrl);
  }
  for (const refused of ["wss://db.example", "ws://127.0.0.1:8080", "data/100ac.db"]) {
    assert.throws(() => readConfig({ AC100_DATABASE_URL: refused }), {
      message: /AC100_DATABASE_URL: does not begin with file:, libsql:, https: or http:/,
    });
  }
});

Deno.test("readConfig() treats an empty variable as unset", () => {
  assert.equal(readConfig({ AC100_PORT: "" }).port, 8_100);
});

Deno.test("variables of shipped agents are kept for their manifests to check", () => {
  const { agentVariables } = readConfig({ AC100_MARKET_DATA: "yahoo, csv", AC100_CSV_DIR: "" });
  assert.deepEqual(agentVariables, { AC100_MARKET_DATA: "yahoo, csv" });
});
