/**
 * Agents that do what no agent should, all in one daemon: it answers throughout, a healthy agent
 * answers every request, and each rogue ends as docs/agents.md says.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { AgentView } from "../../core/http/agents_api.ts";
import type { ExecutionView, SystemView } from "../../core/http/api.ts";
import { type DaemonProcess, startDaemonProcess } from "../support/daemon_process.ts";
import { enact, Watch } from "../support/rogues/_watch.ts";
import { makeRogueWorld, type RogueRequest, workflowOf } from "../support/rogues/_world.ts";
import { eventually } from "../support/eventually.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

/** A request, and how it ends: with an output, or with an error. */
interface Case extends RogueRequest {
  readonly output?: unknown;
  readonly code?: string;
  readonly says?: RegExp;
}

const alive = { twice: 42 };
const neighbour: Case = { address: "neighbour.double", params: { n: 21 }, output: alive };

const throwers: readonly Case[] = [
  { address: "thrower.at_once", code: "agent_error", says: /: at once$/ },
  { address: "thrower.later", code: "agent_error", says: /: later$/ },
  { address: "thrower.nothing", code: "agent_error", says: /: undefined$/ },
  { address: "thrower.bare", code: "agent_error", says: /: the thrown value cannot be shown$/ },
  { address: "thrower.hedgehog", code: "agent_error", says: /: the thrown value cannot be shown$/ },
  { address: "thrower.made_up_code", code: "agent_error", says: /^Cannot find it$/ },
  { address: "thrower.large", code: "agent_error", says: /x… \(\d+ characters\)$/ },
  { address: "thrower.in_timer", output: {} },
  { address: "thrower.in_promise", output: {} },
  { address: "thrower.without_end", output: {} },
  {
    address: "exiter.exit",
    code: "agent_error",
    says: /^Cannot exit: other agents share its host/,
  },
];

const liars: readonly Case[] = [
  { address: "liar.wrong", code: "invalid_output", says: /price: Invalid input: expected number/ },
  { address: "liar.circle", code: "agent_error", says: /circular structure/ },
  { address: "liar.huge", code: "invalid_output", says: /68000002 characters, over / },
  { address: "liar.fickle", code: "invalid_output", says: /68000002 characters, over / },
  { address: "liar.twice", output: 1 },
  {
    address: "regex.match",
    params: { text: `${"a".repeat(40)}!` },
    code: "budget_exceeded",
    says: /held its host's thread for over 1 s/,
  },
];

const tricks: readonly Case[] = [
  { address: "trickster.has_trap", code: "budget_exceeded" },
  { address: "trickster.throwing_trap", code: "agent_error", says: /: do not look$/ },
  { address: "trickster.then_getter", code: "agent_error", says: /: do not look$/ },
  { address: "trickster.two_thens", output: 1 },
  { address: "trickster.late_json", code: "budget_exceeded" },
  { address: "trickster.deep" }, // deep as it is, it is JSON
  { address: "trickster.big_number", code: "agent_error", says: /BigInt/ },
  { address: "trickster.blocked", code: "budget_exceeded" },
  { address: "trickster.publish_getter", code: "agent_error", says: /: do not look$/ },
  { address: "trickster.ask_loop", code: "budget_exceeded" },
];

const sleepers: readonly Case[] = [
  { address: "liar.lazy_then", timeoutSeconds: 1, code: "deadline_exceeded" },
  { address: "sleeper.sleep", timeoutSeconds: 1, code: "deadline_exceeded" },
  { address: "sleeper.oversleep", timeoutSeconds: 1, code: "deadline_exceeded" },
];

const floods: readonly Case[] = [
  { address: "flooder.log", output: { taken: 100_000 } },
  { address: "flooder.publish", says: /"overloaded":\d{5}/ },
  { address: "flooder.publish_large", says: /"overloaded":9\d{3}/ },
  { address: "flooder.ask", output: { answered: 4_096, overloaded: 15_904 } },
];

const questions = {
  exits: { address: "exiter.try_all" },
  burrows: { address: "burrower.burrow" },
  dials: { address: "dialer.dial" },
  forges: { address: "forger.forge" },
  commands: { address: "forger.command" },
  nodeForges: { address: "node_forger.forge" },
  patches: { address: "patcher.patch" },
  overheard: { address: "patcher.overheard" },
  large: { address: "neighbour.large" },
  looperBehaves: { address: "looper.behave" },
  leakerBehaves: { address: "leaker.behave" },
} satisfies Record<string, Case>;

const hangs: readonly Case[] = [
  { address: "looper.before_await", code: "budget_exceeded" },
  { address: "looper.after_await", code: "host_wedged", says: /it has not answered for/ },
  { address: "leaker.leak", code: "host_gone", says: /its process ran out of memory/ },
];

/** What does not load, by id or file, and why. */
const unloaded: Readonly<Record<string, RegExp>> = {
  "bloated.ts": /it has \d+ characters as JSON, over \d+/,
  "coy.ts": /none of your concern/,
  "deep.ts": /its import ended the process/,
  "folder_import.ts": /Directory import/,
  "grabber.ts": /permissions\.net\.0: .*is not a host or host:port/,
  "importer.ts": /Could not find a matching package for 'npm:left-pad@1\.3\.0'/,
  "moody": /its manifest differs from the one that was scanned/,
  "pretender.ts": /id: is reserved for the daemon/,
  "shouter.ts": /^Cannot load agent "shouter\.ts": x{1000}/,
  "spaces.ts": /default export/,
  "top_exiter.ts": /^Cannot load agent "top_exiter\.ts": Cannot exit: other agents share its host/,
  "top_looper.ts": /took longer than 5 s/,
  "twin_one.ts": /id: "twin" is declared by "twin_one\.ts", "twin_two\.ts"/,
  "twin_two.ts": /so none of them gets it/,
  "usurper.ts": /id: is reserved for the daemon/,
  "whisperer.ts": /whispered in vain/,
  "zeros.ts": /Requires read access to "\/dev\/zero"/,
};

/** What reaching without permission is refused with. */
const refusals: Readonly<Record<string, RegExp>> = {
  "read": /^Requires read access to ".*100ac\.db"/,
  "read through node:fs": /^Requires read access to ".*100ac\.db"/,
  "write": /^Requires write access to ".*100ac\.db\.mine"/,
  "link": /requires .*--allow-read and --allow-write permissions/,
  "net": /^Requires net access to "127\.0\.0\.1:8101"/,
  "listen": /^Requires net access/,
  "env": /^Requires env access to "AC100_TOKEN"/,
  "env through node:process": /^Requires env access to "AC100_TOKEN"/,
  "run": /^Requires run access to "true"/,
  "kill": /^Requires run access/,
  "sys": /^Requires sys access to "hostname"/,
  "ffi": /^Requires ffi access to "libc\.so\.6"/,
  "import": /^Requires import access to "example\.com:443"/,
  "import of the daemon": /^Requires read access to ".*daemon\.ts"/,
};

const undermined =
  /^Cannot call \w+: other agents share|^Cannot read properties of undefined|^Requires sys/;
const unreached = /^Requires |^Cannot open a channel or start a thread|too many attached databases/;

Deno.test("nothing that a rogue agent does stops the daemon or a healthy agent", async (t) => {
  await using folder = await makeTempFolder();
  const reach = {
    address: "reacher.reach",
    params: { secret: join(folder.path, "data", "100ac.db") },
  };
  const requests = [
    neighbour,
    reach,
    ...throwers,
    ...liars,
    ...tricks,
    ...sleepers,
    ...floods,
    ...hangs,
  ];
  await using daemon = await startDaemonProcess({
    ...await makeRogueWorld(folder, [...requests, ...Object.values(questions)]),
    AC100_MAX_CONCURRENT: "50",
    AC100_WATCHDOG_SECONDS: "3",
    AC100_AGENT_HEAP_MB: "160",
  });
  await using watch = new Watch(daemon);
  const ask = async (request: RogueRequest): Promise<unknown> => {
    const { execution_id: id, steps, error } = await enact(daemon, workflowOf(request));
    assert.equal(error, null, `${request.address}: ${error?.message}`);
    if (steps?.[0]?.result_bytes === null) return steps[0].result;
    // It is too large to be shown with the others.
    return await (await daemon.api(`/executions/${id}/steps/only/result`)).json();
  };
  const expectAll = async (cases: readonly Case[]): Promise<void> => {
    for (const each of cases) {
      // A host that was lost more than once starts again a little later.
      const ended = await eventually(async () => {
        const execution = await enact(daemon, workflowOf(each));
        return !/Cannot start a host: the last/.test(execution.error?.message ?? "") && execution;
      }, { withinMs: 30_000 });
      expectEnding(each, ended);
    }
  };

  await t.step(
    "a file that can't be an agent is listed with its reason, or not at all",
    async () => {
      const agents = await listAgents(daemon);
      for (const [file, reason] of Object.entries(unloaded)) {
        assert.equal(agents.get(file)?.status, "failed", file);
        assert.match(agents.get(file)?.reason ?? "", reason, file);
      }
      for (const file of ["outside.ts", "fifo.ts"]) assert.equal(agents.get(file), undefined);
    },
  );

  await t.step("what is thrown, where and whatever it is, is an error or a fault", async () => {
    await expectAll(throwers);
    const { errors } = byId(await listAgents(daemon), "thrower");
    assert.ok(errors > throwers.length, "faults are counted, too");
    await expectAll([neighbour]);
  });

  await t.step("what ends the process, or changes it for all, is refused", async () => {
    const found = await ask(questions.exits) as Record<string, string>;
    for (const [way, answer] of Object.entries(found)) {
      assert.match(answer, /^Cannot (exit|start a cron|change the working)|^Requires read/, way);
    }
    assert.equal(Object.keys(found).length, 13);
  });

  await t.step("what was not granted is refused by name", async () => {
    const found = await ask(reach) as Record<string, string>;
    assert.deepEqual(Object.keys(found), Object.keys(refusals));
    for (const [way, answer] of Object.entries(found)) assert.match(answer, refusals[way] ?? /^$/);
  });

  await t.step("nothing leads below the fences, or out through a gap in them", async () => {
    const burrowed = await ask(questions.burrows) as Record<string, string>;
    assert.equal(Object.keys(burrowed).length, 11);
    for (const [way, answer] of Object.entries(burrowed)) assert.match(answer, undermined, way);
    const dialed = await ask(questions.dials) as Record<string, string>;
    assert.equal(Object.keys(dialed).length, 10);
    for (const [way, answer] of Object.entries(dialed)) assert.match(answer, unreached, way);
  });

  await t.step("nobody speaks for another, nor hears what is not for it", async () => {
    for (const question of [questions.forges, questions.nodeForges]) {
      for (const [way, { worked, found }] of Object.entries(await ask(question) as Ways)) {
        assert.equal(worked, false, `${way}: ${found}`);
      }
    }
    await ask(questions.commands);
    const patched = await ask(questions.patches) as Record<string, number>;
    assert.deepEqual(Object.entries(patched).filter(([, count]) => count > 0), []);
    await expectAll([neighbour]);
    assert.equal((await ask(questions.large) as { text: string }).text.length, 1_000_000);
    assert.deepEqual(await ask(questions.overheard), []);
  });

  await t.step(
    "an answer that is wrong, too large or late is an error of its request",
    async () => {
      await expectAll(liars);
      await expectAll(tricks);
      await Promise.all(sleepers.map((each) => expectAll([each])));
      await expectAll([neighbour]);
    },
  );

  await t.step("a flood is bounded where it begins", async () => await expectAll(floods));

  await t.step("what holds its thread, or its memory, is given up, and lives apart", async () => {
    await expectAll(hangs);
    await expectAll([questions.looperBehaves, questions.leakerBehaves]);
    await expectAll([neighbour]);
    const system = await (await daemon.api("/system")).json() as SystemView;
    assert.equal(system.wedged_threads, 0);
  });

  await watch.end();
  const worstMs = Math.round(Math.max(...watch.healthMs));
  const { length: answered } = watch.endings;
  await t.step(`/health took ${worstMs} ms at worst of ${watch.healthMs.length}`, () => {
    // Each was answered, or the watch had failed.
    assert.ok(watch.healthMs.length > 50);
  });
  await t.step(`a healthy agent answered all of ${answered * 3} requests`, () => {
    assert.deepEqual(watch.endings.filter((ending) => ending !== "completed"), []);
    assert.ok(answered > 50);
  });
});

type Ways = Readonly<Record<string, { readonly worked: boolean; readonly found: string }>>;

function expectEnding({ address, output, code, says }: Case, execution: ExecutionView): void {
  const [step] = execution.steps ?? [];
  const { error = null, result } = step ?? {};
  assert.equal(error?.code, code, `${address}: ${error?.message.slice(0, 500)}`);
  if (output !== undefined) assert.deepEqual(result, output, address);
  if (!says) return;
  const said = error?.message ?? JSON.stringify(result);
  assert.match(said, says, `${address}: ${said.slice(0, 500)}`);
}

/** By id: a file that gave none has its name. */
async function listAgents(daemon: DaemonProcess): Promise<ReadonlyMap<string, AgentView>> {
  const { agents } = await (await daemon.api("/agents")).json() as { agents: AgentView[] };
  return new Map(agents.map((agent) => [agent.id, agent]));
}

function byId(all: ReadonlyMap<string, AgentView>, id: string): AgentView {
  const agent = all.get(id);
  assert.ok(agent, id);
  return agent;
}
