/** Nothing of the present, or of a later instant, reaches a host of the past. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pastHostsMax } from "../../../../core/host/keep/past.ts";
import { eventually } from "../../../support/eventually.ts";
import { asOfMs, leaker, type Leaks, openLeaks } from "../past/leaker.ts";

const earlierMs = asOfMs - 86_400_000;

/** Code that tries to use the agent's permissions, with the expected refusals. */
const granted: Readonly<Record<string, readonly [code: string, refusal: RegExp]>> = {
  "a file it may read": ["Deno.readTextFileSync('/etc/hostname')", /^Requires read access/],
  "data beside its code": [
    "Deno.readTextFileSync(new URL('./data.txt', tools.here.url))",
    /^Requires read access/,
  ],
  "the age of its own code": ["Deno.statSync(tools.here.filename).mtime", /^Requires read access/],
  "a file by fetch": [
    "fetch(new URL('./data.txt', tools.here.url)).then((file) => file.text())",
    /Requires read access/,
  ],
  "a module it loads late": [
    "tools.load(new URL('./_late.ts', tools.here.url).href).then((late) => late.default)",
    /^Requires read access/,
  ],
  "a variable": ["Deno.env.get('HOME')", /^Requires env access/],
  "a variable by Node": ["process.env.HOME", /^Requires env access/],
  "a command": ["new Deno.Command('true').outputSync().code", /^Requires run access/],
  "the machine": ["Deno.osUptime()", /^Requires sys access/],
};

/** Code that is refused whatever the permissions, with the expected refusals. */
const closed: Readonly<Record<string, readonly [code: string, refusal: RegExp]>> = {
  "the network": ["fetch('http://127.0.0.1:8100')", /^Requires net access/],
  "a socket": ["Deno.connect({ port: 8100 })", /^Requires net access/],
  "a name": ["Deno.resolveDns('localhost', 'A')", /^Requires net access/],
  "another thread": ["new BroadcastChannel('x').name", /^BroadcastChannel is not defined/],
};

for (const kind of ["thread", "process"] as const) {
  Deno.test(`a ${kind} of the past reaches nothing of the present`, async (t) => {
    await using leaks = await openLeaks({ isolation: kind });
    const { stage, tries } = leaks;
    for (const [what, [code, refusal]] of Object.entries({ ...granted, ...closed })) {
      await t.step(what, async () => {
        assert.match(refusalOf(await tries(code, asOfMs)), refusal);
        if (what in granted) assert.equal(refusalOf(await tries(code)), "", "it may, now");
      });
    }
    await t.step("it cannot see the locks of other threads", async () => {
      assert.equal(await tries("typeof navigator.locks"), "object");
      assert.equal(await tries("typeof navigator.locks", asOfMs), "undefined");
    });
    await t.step("it cannot reach a source through another agent", async () => {
      const dial = "ctx.request('dialer.dial', {}, tools.z.unknown())";
      assert.equal(await tries(dial), "answered");
      assert.match(String(await tries(dial, asOfMs)), /present data from 127\.0\.0\.1/);
    });
    await t.step("it cannot read a file during its import", async () => {
      assert.equal(await tries("tools.atLoad"), "worked: of now");
      assert.match(String(await tries("tools.atLoad", asOfMs)), /^Requires read access/);
    });
    await t.step("it gets no secrets", async () => {
      assert.deepEqual(await tries("ctx.secrets"), { HONEY: "sweet" });
      assert.deepEqual(await tries("ctx.secrets", asOfMs), {});
    });
    await t.step("a request to a source is refused by name", async () => {
      const failure = await stage.failure("dialer.dial", {}, { asOfMs });
      assert.deepEqual(failure, {
        code: "as_of_refused",
        message: `Cannot invoke "dialer.dial" as of 2026-03-01T21:00:00.000Z: it reads ` +
          "present data from 127.0.0.1; use its stored data instead",
      });
    });
  });

  Deno.test(`what an agent in a ${kind} remembers exists only at its instant`, async () => {
    await using leaks = await openLeaks({ isolation: kind });
    const { tries } = leaks;
    const remembered = "[...tools.memory.keys(), ...Object.keys(globalThis.kept ?? {})]";
    const learn = (what: string): string =>
      `(tools.memory.set("${what}"), globalThis.kept = { ["kept ${what}"]: 1 }, null)`;
    await tries(learn("now"));
    assert.deepEqual(await tries(remembered, asOfMs), []);
    await tries(learn("later"), asOfMs);
    assert.deepEqual(await tries(remembered, earlierMs), []);
    assert.deepEqual(await tries(remembered, asOfMs), ["later", "kept later"]);
    assert.deepEqual(await tries(remembered), ["now", "kept now"]);
  });

  Deno.test(`an agent invoked from a ${kind} of the past sees the same instant`, async () => {
    await using leaks = await openLeaks({ isolation: kind });
    const { stage, tries } = leaks;
    await stage.ask("friend.learn", { what: "of now" });
    const recall = "ctx.request('friend.recall', {}, tools.z.unknown())";
    const then = { known: null, now: asOfMs, clock: asOfMs };
    assert.deepEqual(await tries(recall, asOfMs), then);
    assert.equal((await tries(recall) as typeof then).known, "of now");
  });

  Deno.test(`no event enters or leaves a ${kind} of the past`, async () => {
    await using leaks = await openLeaks({ isolation: kind });
    const { stage, tries } = leaks;
    const publish = (topic: string): string => `(ctx.publish("${topic}", 1), null)`;
    await tries("1", asOfMs);
    stage.bus.publish("test.published", "1");
    await stage.ask("friend.learn", { what: "x" });
    await tries(publish("test.past"), asOfMs);
    await eventually(async () => (await tries("tools.heard") as string[]).length === 1);
    await tries(publish("test.said"));
    await eventually(() => stage.events.length === 2);
    assert.deepEqual(stage.events, ["test.published daemon 1", "test.said leaker 1"]);
    assert.deepEqual(await tries("tools.heard", asOfMs), []);
    const heard = async (atMs?: number): Promise<unknown> => {
      const asked = atMs === undefined ? {} : { asOfMs: atMs };
      return await stage.ask("neighbour.run", { code: "tools.heard" }, asked);
    };
    assert.deepEqual(await heard(asOfMs), [], "nor in the same host");
    assert.deepEqual(await heard(), ["test.published", "test.said"]);
  });
}

/** How many hosts there are; undefined while one of them ends: it does not answer. */
function countHosts({ stage }: Leaks): Promise<number | undefined> {
  return stage.hosts.ping(5_000).catch(() => undefined);
}

Deno.test("hosts of the past are few", async () => {
  await using leaks = await openLeaks();
  const before = await countHosts(leaks) ?? NaN;
  for (let day = 0; day < pastHostsMax + 3; day++) {
    assert.equal(await leaks.tries("ctx.now()", asOfMs + day), asOfMs + day);
  }
  await eventually(async () => await countHosts(leaks) === before + pastHostsMax);
});

Deno.test("a host of the past ends soon after it was used", async () => {
  await using leaks = await openLeaks({ idleMs: 1_000 });
  const before = await countHosts(leaks) ?? NaN;
  await leaks.tries("ctx.now()", asOfMs);
  await eventually(async () => await countHosts(leaks) === before + 1);
  await eventually(async () => await countHosts(leaks) === before);
});

Deno.test("a host that makes room for another finishes its open requests", async () => {
  await using leaks = await openLeaks();
  const { tries } = leaks;
  const slow = tries("new Promise((done) => setTimeout(done, 1_000, ctx.now()))", asOfMs);
  const days = Array.from({ length: pastHostsMax + 1 }, (_, day) => asOfMs + day + 1);
  assert.deepEqual(await Promise.all(days.map((day) => tries("ctx.now()", day))), days);
  assert.equal(await slow, asOfMs);
});

Deno.test("an agent that does not load in the past still serves in the present", async () => {
  const needy = `import { defineAgent, z } from "100ac";
    const text = Deno.readTextFileSync(new URL("./data.txt", import.meta.url));
    export default defineAgent({ id: "needy", description: "d", capabilities: {
      text: { description: "d", input: z.object({}), output: z.unknown(), run: () => text } } });`;
  await using leaks = await openLeaks();
  const { stage, folder } = leaks;
  await Deno.writeTextFile(join(folder, "needy.ts"), needy);
  await stage.hosts.refresh();
  const failure = await stage.failure("needy.text", {}, { asOfMs });
  assert.equal(failure.code, "agent_unavailable");
  assert.match(
    failure.message,
    /^Cannot invoke "needy.text" as of 2026-03-01T.*Requires read access/,
  );
  assert.equal(await stage.ask("needy.text"), "of now");
});

Deno.test("a new version of an agent also answers in the past", async () => {
  await using leaks = await openLeaks();
  const { stage, folder, tries } = leaks;
  assert.equal(await tries("tools.version ?? 1", asOfMs), 1);
  const text = leaker.replace("const tools = {", "const tools = { version: 2,");
  await Deno.writeTextFile(join(folder, "leaker.ts"), text);
  await stage.hosts.refresh();
  assert.equal(await tries("tools.version ?? 1", asOfMs), 2);
});

Deno.test("a failure in the past is logged but not counted in the present", async () => {
  await using leaks = await openLeaks();
  const { stage, tries } = leaks;
  const fail = "setTimeout(() => { throw new Error('nobody caught it'); }) && failed()";
  assert.match(String(await tries(fail, asOfMs)), /failed is not defined/);
  const isLogged = () => stage.log.some(({ message }) => message === "agent fault");
  await eventually(isLogged);
  assert.equal((await stage.failure("dialer.dial", {}, { asOfMs })).code, "as_of_refused");
  for (const id of ["leaker", "dialer"]) assert.equal(stage.hosts.entry(id)?.errors, 0, id);
});

function refusalOf(found: unknown): string {
  const text = String(found);
  const start = /^refused: (Cannot finish request "leaker.run": )?/.exec(text)?.[0];
  return start === undefined ? "" : text.slice(start.length);
}
