/** An agent that runs code it is given, and a stage for it. Whatever it finds out is a leak. */

import { Stage, type StageOptions } from "../stage.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";

/** 2026-03-01T21:00:00Z. */
export const asOfMs = 1_772_398_800_000;

export const leaker = `import { defineAgent, z } from "100ac";
const Any = z.unknown();
const AsyncFunction = (async () => {}).constructor;
const memory = new Map();
const heard = [];
let atLoad = "";
try {
  atLoad = "worked: " + Deno.readTextFileSync(new URL("./data.txt", import.meta.url));
} catch (thrown) {
  atLoad = thrown.message;
}
const tools = { memory, heard, atLoad, z, load: (name) => import(name), here: import.meta };
export default defineAgent({
  id: "leaker",
  description: "Looks for a way to know what is later",
  permissions: { env: ["HOME"], read: ["/etc/hostname"], run: ["true"], sys: ["osUptime"] },
  secrets: ["HONEY"],
  on: { "test.*": ({ topic }) => { heard.push(topic); } },
  capabilities: {
    run: { description: "d", input: z.object({ code: z.string() }), output: Any,
      run: ({ code }, ctx) =>
        new AsyncFunction("ctx", "tools", "return (" + code + ")")(ctx, tools) },
  },
});
`;

/** Shares the leaker's host. */
export const neighbour = leaker.replace('id: "leaker"', 'id: "neighbour"');

/** A source of market data with network access. */
export const dialer = `import { defineAgent, z } from "100ac";
export default defineAgent({ id: "dialer", description: "d", permissions: { net: ["127.0.0.1"] },
  capabilities: { dial: { description: "d", input: z.object({}), output: z.unknown(),
    run: () => "answered" } } });
`;

/** Lives in another host than the leaker, which it asks to run code. */
export const friend = `import { defineAgent, z } from "100ac";
let known = null;
export default defineAgent({ id: "friend", description: "d", permissions: { env: ["USER"] },
  capabilities: {
    learn: { description: "d", input: z.object({ what: z.string() }), output: z.unknown(),
      run: ({ what }) => known = what },
    recall: { description: "d", input: z.object({}), output: z.unknown(),
      run: (_, ctx) => ({ known, now: ctx.now(), clock: Date.now() }) },
  } });
`;

export interface Leaks extends AsyncDisposable {
  readonly stage: Stage;
  readonly folder: string;
  /** What an expression evaluates to in the leaker; an error becomes `refused: …`. */
  tries(code: string, atMs?: number): Promise<unknown>;
}

/** A stage with the four agents; `data.txt` next to them is written now. */
export async function openLeaks(options: StageOptions = {}): Promise<Leaks> {
  const folder = await makeTempFolder({
    "leaker.ts": leaker,
    "neighbour.ts": neighbour,
    "dialer.ts": dialer,
    "friend.ts": friend,
    "_late.ts": "export default 1;",
    "data.txt": "of now",
  });
  const stage = await Stage.open({
    agentsFolder: folder.path,
    secrets: { HONEY: "sweet" },
    ...options,
  });
  return {
    stage,
    folder: folder.path,
    tries: async (code, atMs) => {
      const asked = stage.ask("leaker.run", { code }, atMs === undefined ? {} : { asOfMs: atMs });
      return await asked.catch((thrown) => `refused: ${(thrown as Error).message}`);
    },
    [Symbol.asyncDispose]: async () => {
      await stage[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
