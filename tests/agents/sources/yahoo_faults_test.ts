/** Every way in which Yahoo fails comes out as the code it is written down for. */

import assert from "node:assert/strict";
import { AppError } from "100ac";
import { YahooClient } from "../../../agents/sources/_yahoo/client.ts";
import { impatientSource } from "./impatient_source.ts";
import { type Fault, faults } from "../../support/yahoo_faults.ts";
import { type Part, startYahooReplay, type YahooReplay } from "../../support/yahoo_replay.ts";
import { failsWith } from "./call_source.ts";

const nowMs = Date.parse("2026-01-17T12:00:00Z");
const never = new AbortController().signal;

function clientOf(replay: YahooReplay): YahooClient {
  return new YahooClient({ baseUrl: replay.url, timeoutMs: 150, now: () => nowMs });
}

function quotes(client: YahooClient, signal = never): Promise<unknown> {
  return impatientSource(client).quotes(["AAPL", "MSFT"], nowMs, signal);
}

function history(client: YahooClient, symbol = "AAPL"): Promise<unknown> {
  return impatientSource(client).history({ symbol, period: "1mo", interval: "1d" }, nowMs, never);
}

const cases: readonly (readonly [string, Fault, Part, string])[] = [
  ["401 each time", faults.unauthorized, "data", "unauthorized"],
  ["404", faults.notFound, "data", "not_found"],
  ["400", faults.badRequest, "data", "bad_request"],
  ["429", faults.rateLimited(30), "data", "rate_limited"],
  ["500", faults.serverError, "data", "source_down"],
  ["HTML", faults.html, "data", "bad_answer"],
  ["a redirect", faults.redirect, "data", "bad_answer"],
  ["truncated JSON", faults.truncated, "data", "bad_answer"],
  ["JSON null", { kind: "answer", status: 200, body: "null" }, "data", "bad_answer"],
  ["JSON of no quotes", { kind: "answer", status: 200, body: "{}" }, "data", "bad_answer"],
  ["nothing, for ever", faults.hang, "data", "source_down"],
  ["a byte now and then, for ever", faults.drip, "data", "source_down"],
  ["429 in place of a crumb", faults.rateLimited(), "crumb", "rate_limited"],
  ["401 in place of a crumb", faults.unauthorized, "crumb", "unauthorized"],
  ["HTML in place of a crumb", faults.html, "crumb", "bad_answer"],
  ["nothing in place of a crumb", faults.hang, "crumb", "source_down"],
  ["500 in place of a cookie", faults.serverError, "page", "source_down"],
  ["a page without a cookie", faults.html, "page", "bad_answer"],
  ["a redirect to nowhere", faults.redirect, "page", "bad_answer"],
];

for (const [what, fault, part, code] of cases) {
  Deno.test(`quotes fail with ${code} when Yahoo answers ${what}`, async () => {
    await using replay = startYahooReplay();
    replay.misbehave(fault, part);
    await assert.rejects(quotes(clientOf(replay)), failsWith(code));
  });

  if (part !== "data") continue;
  Deno.test(`history fails with ${code} when Yahoo answers ${what}`, async () => {
    await using replay = startYahooReplay();
    replay.misbehave(fault, part);
    await assert.rejects(history(clientOf(replay)), failsWith(code));
  });
}

Deno.test("a failure is over when Yahoo answers again", async () => {
  await using replay = startYahooReplay();
  const client = clientOf(replay);
  for (const [, fault, part, code] of cases) {
    replay.misbehave(fault, part);
    // a crumb that was given before is not asked for again, so its faults may go unseen
    await quotes(client).catch(failsWith(code));
    replay.misbehave(fault, part, 0);
    await quotes(client);
  }
});

Deno.test("a stale crumb costs one new exchange and is not noticed by the caller", async () => {
  await using replay = startYahooReplay();
  const client = clientOf(replay);
  await quotes(client);
  replay.expireCrumb();
  await quotes(client);
  assert.deepEqual(
    replay.requests.map(({ part }) => part),
    ["page", "crumb", "data", "data", "page", "crumb", "data"],
  );
});

Deno.test("calls that meet a stale crumb together share the new one", async () => {
  await using replay = startYahooReplay();
  const client = clientOf(replay);
  await quotes(client);
  replay.expireCrumb();
  await Promise.all([quotes(client), quotes(client), quotes(client)]);
  assert.equal(replay.requests.filter(({ part }) => part === "crumb").length, 2);
});

Deno.test("a lasting 401 is tried twice and no more", async () => {
  await using replay = startYahooReplay();
  replay.misbehave(faults.unauthorized);
  await assert.rejects(quotes(clientOf(replay)), failsWith("unauthorized"));
  assert.equal(replay.dataRequests.length, 2);
});

Deno.test("nothing but a 401 is tried again", async () => {
  await using replay = startYahooReplay();
  replay.misbehave(faults.serverError);
  await assert.rejects(history(clientOf(replay)), failsWith("source_down"));
  assert.equal(replay.requests.length, 1);
});

Deno.test("rate_limited says when to come back, from seconds, from a date, or null", async () => {
  const inHalfAMinute = new Date(nowMs + 30_000).toUTCString();
  for (const [retryAfter, seconds] of [[30, 30], [inHalfAMinute, 30], [undefined, null]] as const) {
    await using replay = startYahooReplay();
    replay.misbehave(faults.rateLimited(retryAfter));
    await assert.rejects(history(clientOf(replay)), (thrown) => {
      assert.ok(thrown instanceof AppError);
      assert.deepEqual(thrown.details, { retry_after_seconds: seconds });
      return true;
    });
  }
});

Deno.test("a message carries Yahoo's own words", async () => {
  await using replay = startYahooReplay();
  await assert.rejects(history(clientOf(replay), "TOOEARLY"), {
    code: "bad_request",
    message: 'Cannot fetch history of "TOOEARLY": Yahoo answered 400 (Data doesn\'t exist for ' +
      "startDate = 1, endDate = 2); check the symbol and the period",
  });
});

Deno.test("an address where nobody listens is source_down", async () => {
  const url = await startAndStop();
  const client = new YahooClient({ baseUrl: url, timeoutMs: 1_000 });
  await assert.rejects(quotes(client), failsWith("source_down"));
});

async function startAndStop(): Promise<string> {
  await using replay = startYahooReplay();
  return replay.url;
}

Deno.test("a cancelled request ends at once, by its signal's reason", async () => {
  await using replay = startYahooReplay();
  replay.misbehave(faults.hang);
  const client = new YahooClient({ baseUrl: replay.url });
  const plain = new AbortController();
  const deadline = new AbortController();
  const ended = [quotes(client, plain.signal), quotes(client, deadline.signal)];
  plain.abort();
  deadline.abort(new AppError("deadline_exceeded", 'Cannot fetch quotes "x": too late; wait'));
  const codes = (await Promise.allSettled(ended))
    .map((end) => end.status === "rejected" && end.reason.code);
  assert.deepEqual(codes, ["cancelled", "deadline_exceeded"]);
  await assert.rejects(quotes(client, plain.signal), failsWith("cancelled"));
});

Deno.test("a request cancelled while it waits for a crumb takes it from no other", async () => {
  await using replay = startYahooReplay();
  const page = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const client = new YahooClient({
    baseUrl: replay.url,
    fetch: async (input, init) => {
      if (String(input).includes("/quote/AAPL")) {
        asked.resolve();
        await page.promise;
      }
      return await fetch(input, init);
    },
  });
  const first = new AbortController();
  const cancelled = quotes(client, first.signal);
  const served = quotes(client);
  await asked.promise;
  first.abort();
  await assert.rejects(cancelled, failsWith("cancelled"));
  page.resolve();
  await served;
});

Deno.test("an answer without end is given up at its limit", async () => {
  const chunk = new Uint8Array(1024 * 1024);
  let sent = 0;
  const client = new YahooClient({
    baseUrl: null,
    fetch: () =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            pull(controller) {
              sent++;
              controller.enqueue(chunk);
            },
          }),
        ),
      ),
  });
  await assert.rejects(history(client), failsWith("bad_answer"));
  assert.ok(sent <= 20, `${sent} MB were read`);
});

Deno.test("a redirect of the cookie's page to another host is not followed", async () => {
  const asked: string[] = [];
  const client = new YahooClient({
    baseUrl: null,
    fetch: (input) => {
      asked.push(new URL(String(input)).hostname);
      const headers = { location: "https://guce.yahoo.com.example.test/consent" };
      return Promise.resolve(new Response("", { status: 307, headers }));
    },
  });
  await assert.rejects(quotes(client), failsWith("bad_answer"));
  assert.deepEqual(asked, ["finance.yahoo.com"]);
});

Deno.test("no failure prints anything, least of all a crumb", async () => {
  await using replay = startYahooReplay();
  const client = clientOf(replay);
  const printed: unknown[] = [];
  const names = ["log", "info", "warn", "error", "debug", "dir"] as const;
  // deno-lint-ignore no-console -- it is what is being watched
  const saved = names.map((name) => [name, console[name]] as const);
  // deno-lint-ignore no-console -- it is replaced to see what is printed
  for (const name of names) console[name] = (...words: unknown[]) => printed.push(words);
  try {
    for (const [, fault, part] of cases) {
      if (fault.kind === "hang" || fault.kind === "drip") continue;
      replay.misbehave(fault, part);
      await assert.rejects(Promise.all([quotes(clientOf(replay)), history(client)]));
      replay.misbehave(fault, part, 0);
    }
  } finally {
    // deno-lint-ignore no-console -- it is put back
    for (const [name, print] of saved) console[name] = print;
  }
  assert.deepEqual(printed, []);
});
