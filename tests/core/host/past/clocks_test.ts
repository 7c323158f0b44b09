/** Every way to read the time gives the instant, in threads and in processes. */

import assert from "node:assert/strict";
import { asOfMs, openLeaks } from "./leaker.ts";

const iso = "2026-03-01T21:00:00.000Z";

const formFile = "((form) => (form.append('x', new Blob([])), form.get('x').lastModified))" +
  "(new FormData())";

/** Expressions that read the time, with their values as of the instant. */
const clocks: Readonly<Record<string, unknown>> = {
  "Date.now()": asOfMs,
  "new Date()": iso,
  "new Date(5)": "1970-01-01T00:00:00.005Z",
  "Date() === new Date().toString()": true,
  "Date.call(null) === Date()": true,
  "ctx.now()": asOfMs,
  "ctx.asOfMs": asOfMs,
  "new Date.prototype.constructor()": iso,
  "new (Object.getPrototypeOf(new Date(5)).constructor)()": iso,
  "structuredClone(new Date(5)).constructor.now()": asOfMs,
  "new (class Later extends Date {})().getTime()": asOfMs,
  "Reflect.construct(Date, [], Object).constructor === Object": true,
  "new Date(5) instanceof Date": true,
  "tools.z.date().parse(new Date()).getTime()": asOfMs,
  "Temporal.Now.instant().toString()": "2026-03-01T21:00:00Z",
  "Temporal.Now.zonedDateTimeISO('UTC').toString()": "2026-03-01T21:00:00+00:00[UTC]",
  "Temporal.Now.zonedDateTimeISO().epochMilliseconds": asOfMs,
  "Temporal.Now.plainDateTimeISO('UTC').toString()": "2026-03-01T21:00:00",
  "Temporal.Now.plainDateISO('Asia/Tokyo').toString()": "2026-03-02",
  "Temporal.Now.plainTimeISO('UTC').toString()": "21:00:00",
  "new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format()": "3/1/2026",
  "new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(0)": "1/1/1970",
  "[3].map(() => undefined).map(new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format)[0]":
    "3/1/2026",
  "new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).formatToParts().at(-1).value": "2026",
  "new Event('x').timeStamp": 0,
  "new File([], 'x').lastModified": asOfMs,
  "new File([], 'x', { lastModified: 5 }).lastModified": 5,
  [formFile]: asOfMs,
  "setTimeout(() => 0)._idleStart": asOfMs,
  "typeof nodeBootstrap": "undefined",
  "typeof Deno.telemetry": "undefined",
  "fetch('data:,x').then(({ headers }) => [...headers.keys()].join())": "content-type",
  "new Promise((done) => setTimeout(done, 5, 'timers run'))": "timers run",
};

/** Ways to restore a clock, or to reach one that runs. */
const ways: readonly string[] = [
  "Object.defineProperty(Date, 'now', { value: () => 5 })",
  "(() => { 'use strict'; globalThis.Date = 5; })()",
  "Object.defineProperty(Date.prototype, 'constructor', { value: 5 })",
  "Object.defineProperty(Temporal.Now, 'instant', { value: 5 })",
  "tools.load('node:vm').then((vm) => vm.runInNewContext('Date.now()'))",
  "tools.load('vm').then((vm) => vm.runInNewContext('Date.now()'))",
  "process.getBuiltinModule('node:vm')",
  "process.binding('contextify')",
  "tools.load('node:module').then(({ createRequire }) => createRequire('/x.js')('vm'))",
  "tools.load('node:worker_threads').then(({ Worker }) => new Worker('0', { eval: true }))",
  "new Worker('data:text/javascript,postMessage(Date.now())', { type: 'module' })",
  "tools.load('node:fs').then((fs) => fs.fstatSync(1).mtime)",
  "tools.load('node:http').then(({ ServerResponse }) => new ServerResponse({}))",
  "tools.load('node:timers').then(({ setTimeout }) => setTimeout(() => 0)._idleStart)",
  "tools.load('node:util').then((util) => util.log('x'))",
  "tools.load('node:inspector').then(({ Session }) => new Session())",
  "tools.load('node:os').then((os) => os.uptime())",
  "tools.load('node:wasi').then(({ WASI }) => new WASI({ version: 'preview1' }))",
  "Deno.osUptime()",
  "Deno.statSync(tools.here.filename).mtime",
  "Deno.lstatSync(tools.here.filename).mtime",
  "Deno.stdin.stat()",
];

for (const kind of ["thread", "process"] as const) {
  Deno.test(`clocks in a ${kind} of the past show its instant`, async (t) => {
    await using leaks = await openLeaks({ isolation: kind });
    const { tries } = leaks;
    for (const [code, expected] of Object.entries(clocks)) {
      await t.step(code, async () => assert.deepEqual(await tries(code, asOfMs), expected));
    }
    await t.step("clocks for durations keep running", async () => {
      const code = "[performance.timeOrigin + performance.now(), performance.toJSON().timeOrigin]";
      const [now = 0, origin = 0] = await tries(code, asOfMs) as number[];
      assert.ok(now >= asOfMs && now < asOfMs + 30_000, `${now}`);
      assert.ok(origin <= asOfMs && origin > asOfMs - 30_000, `${origin}`);
    });
  });

  Deno.test(`no clock of a ${kind} of the past can be set or bypassed`, async (t) => {
    await using leaks = await openLeaks({ isolation: kind });
    for (const code of ways) {
      await t.step(code, async () => {
        assert.match(String(await leaks.tries(code, asOfMs)), /^refused: /);
        assert.equal(await leaks.tries("Date.now()", asOfMs), asOfMs);
      });
    }
  });
}
