import assert from "node:assert/strict";
import marketCalendar from "../../../agents/data/market_calendar.ts";
import { goldenCalendar as golden } from "../../support/golden.ts";
import { tryAgent } from "../agent_context.ts";

interface Sessions {
  readonly sessions: readonly {
    readonly date: string;
    readonly open: string;
    readonly close: string;
    readonly half_day: boolean;
  }[];
}

const trial = tryAgent(marketCalendar, { config: {}, handlers: {}, nowMs: 0 });

Deno.test("market_calendar.sessions gives the golden sessions, half-days and instants", async () => {
  const [first, last] = golden.years;
  const early: string[] = [];
  for (let year = first ?? 0; year <= (last ?? 0); year++) {
    const { sessions } = await trial.invoke<Sessions>("sessions", {
      calendar: "XNYS",
      from: `${year}-01-01`,
      to: `${year}-12-31`,
    });
    const count = (golden.tradingDays as Record<string, number>)[String(year)];
    assert.equal(sessions.length, count, String(year));
    early.push(...sessions.filter(({ half_day }) => half_day).map(({ date }) => date));
  }
  assert.deepEqual(early, golden.earlyCloses.map(({ date }) => date));
  for (const { date, open, close } of golden.sessionsUtc) {
    const { sessions } = await trial.invoke<Sessions>("sessions", { from: date, to: date });
    assert.deepEqual(
      sessions.map((session) => [Date.parse(session.open), Date.parse(session.close)]),
      [[Date.parse(open), Date.parse(close)]],
    );
  }
});

Deno.test("market_calendar.sessions refuses what it can't answer whole", async () => {
  await assert.rejects(
    trial.invoke("sessions", { calendar: "XNYS", from: "1990-01-01", to: "2026-01-01" }),
    { code: "invalid_input", message: /over 3700 days/ },
  );
  await assert.rejects(
    trial.invoke("sessions", { calendar: "XNYS", from: "1980-01-01", to: "1980-02-01" }),
    { code: "invalid_input", message: /outside its table/ },
  );
  const always = await trial.invoke<Sessions>("sessions", {
    calendar: "24/7",
    from: "2026-01-01",
    to: "2026-01-02",
  });
  assert.deepEqual(always.sessions[0], {
    date: "2026-01-01",
    open: "2026-01-01T00:00:00.000Z",
    close: "2026-01-02T00:00:00.000Z",
    half_day: false,
  });
});
