/**
 * What a plugin without any permission may try, as it lives by default: descriptors that are open,
 * objects that lie about what they are, floods of events. The daemon and other agents go on.
 */

import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { startTestDaemon, type TestDaemon } from "../../support/test_daemon.ts";

const rogue = `import { Socket } from "node:net";
import { AppError, defineAgent, z } from "100ac";

const Nothing = z.object({});
/** A text where it is looked at first, and something else where it is encoded. */
const liar = (toJSON) => ({ split: () => ["mine"], toString: () => "mine.topic", toJSON });
const codeOf = async (act) => {
  try {
    await act();
    return "done";
  } catch (thrown) {
    return thrown instanceof AppError ? thrown.code : String(thrown);
  }
};

export default defineAgent({
  id: "rogue",
  description: "Has no permission",
  capabilities: {
    listen: {
      description: "Reads every descriptor for a while",
      input: Nothing,
      output: z.object({ heard: z.string() }),
      run: async () => {
        let heard = "";
        for (let fd = 0; fd < 200; fd++) {
          try {
            const socket = new Socket({ fd, readable: true });
            socket.on("data", (bytes) => heard += String(bytes));
            socket.on("error", () => undefined);
          } catch {
            // It is not open, or no socket.
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 500));
        return { heard };
      },
    },
    close: {
      description: "Closes every descriptor",
      input: Nothing,
      output: Nothing,
      run: () => {
        for (let fd = 3; fd < 200; fd++) {
          try {
            new Socket({ fd }).on("error", () => undefined).destroy();
          } catch {
            // It is not open, or no socket.
          }
        }
        return {};
      },
    },
    lie: {
      description: "Publishes and asks with what is no text",
      input: Nothing,
      output: z.record(z.string(), z.string()),
      run: async (_, ctx) => ({
        topic: await codeOf(() => ctx.publish(liar(() => "execution.completed"), null)),
        thrower: await codeOf(() => ctx.publish(liar(() => { throw new Error("lied"); }), 1)),
        body: await codeOf(() => ctx.publish("rogue.t", liar(() => undefined))),
        long: await codeOf(() => ctx.publish("t".repeat(5_000_000), 1)),
        address: await codeOf(() => ctx.request(liar(() => "healthy.answer"), {}, Nothing)),
        addresses: (await Promise.all(Array.from({ length: 70 }, () =>
          codeOf(() => ctx.request(liar(() => { throw new Error("lied"); }), {}, Nothing))
        ))).join(),
        longAddress: await codeOf(() => ctx.request("a".repeat(5_000_000), {}, Nothing)),
        after: await codeOf(() => ctx.request("healthy.answer", {}, z.int())),
      }),
    },
    flood: {
      description: "Publishes as much as it can",
      input: z.object({ ms: z.int() }),
      output: z.object({ published: z.int(), refused: z.int() }),
      run: async ({ ms }, ctx) => {
        const body = "x".repeat(60_000);
        let published = 0, refused = 0;
        for (const untilMs = Date.now() + ms; Date.now() < untilMs;) {
          for (let n = 0; n < 100; n++) {
            try {
              ctx.publish("rogue.noise", body);
              published++;
            } catch {
              refused++;
            }
          }
          await new Promise((resolve) => setTimeout(resolve));
        }
        return { published, refused };
      },
    },
  },
});
`;

const healthy = `import { defineAgent, z } from "100ac";
let noise = 0;
export default defineAgent({
  id: "healthy",
  description: "Answers",
  permissions: { env: ["HOME"] },
  capabilities: {
    answer: { description: "d", input: z.object({}), output: z.int(), run: () => 42 },
    noise: { description: "d", input: z.object({}), output: z.int(), run: () => noise },
  },
  on: { "*": ({ topic }) => void (topic === "rogue.noise" ? 0 : noise++) },
});
`;

async function openWorld(): Promise<{ readonly daemon: TestDaemon } & AsyncDisposable> {
  const folder = await makeTempFolder({ "rogue.ts": rogue, "healthy.ts": healthy });
  const daemon = await startTestDaemon({
    AC100_AGENTS_DIR: folder.path,
    AC100_ISOLATION: "auto",
  });
  return {
    daemon,
    [Symbol.asyncDispose]: async () => {
      await daemon[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function assertAnswers(daemon: TestDaemon): Promise<void> {
  const response = await daemon.api("/agents");
  await response.json();
  assert.equal(response.status, 200);
  assert.equal(await daemon.ask("healthy.answer", {}), 42);
}

Deno.test("a plugin that reads every descriptor hears nobody's token", async () => {
  await using world = await openWorld();
  const { daemon } = world;
  const listening = daemon.ask("rogue.listen", {}).catch(({ code }) => ({ heard: code }));
  for (let asked = 0; asked < 20; asked++) await assertAnswers(daemon);
  const { heard } = await listening as { heard: string };
  assert.doesNotMatch(heard, /Bearer|HTTP\/1\.1/i);
  await assertAnswers(daemon);
});

Deno.test("a plugin that closes every descriptor loses its own", async () => {
  await using world = await openWorld();
  const { daemon } = world;
  const following = await daemon.api("/events");
  await daemon.ask("rogue.close", {}).catch(() => undefined);
  await assertAnswers(daemon);
  await following.body?.cancel();
});

Deno.test("what is no text, or too long a one, is refused where it is passed", async () => {
  await using world = await openWorld();
  const { daemon } = world;
  const following = await daemon.api("/events");
  const { addresses, ...found } = await daemon.ask("rogue.lie", {}) as Record<string, string>;
  assert.deepEqual(found, {
    topic: "bad_request",
    thrower: "bad_request",
    body: "bad_request",
    long: "bad_request",
    address: "bad_request",
    longAddress: "bad_request",
    after: "done",
  });
  assert.deepEqual(new Set(addresses?.split(",")), new Set(["bad_request"]));
  assert.equal(await daemon.ask("healthy.noise", {}), 0);
  await following.body?.cancel();
});

Deno.test("a plugin that publishes without end keeps nobody from answering", async () => {
  await using world = await openWorld();
  const { daemon } = world;
  const following = await daemon.api("/events");
  const floodMs = 2_000;
  const flooding = daemon.ask("rogue.flood", { ms: floodMs });
  let isOver = false;
  void flooding.finally(() => isOver = true);
  let answered = 0;
  await eventually(async () => {
    await assertAnswers(daemon);
    answered++;
    return isOver;
  }, { withinMs: 60_000 });
  const { published, refused } = await flooding as { published: number; refused: number };
  // A burst, and a megabyte a second after it.
  assert.ok(published > 60 && published < 500, `${published} events`);
  assert.ok(refused > published);
  assert.ok(answered > floodMs / 100, `${answered} answers in ${floodMs} ms`);
  await following.body?.cancel();
});
