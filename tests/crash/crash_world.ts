/**
 * What is carried out while the daemon is killed: an agent that writes down each thing it does,
 * and workflows that use all of the language. Their outputs are the same however often they are
 * interrupted.
 */

import { createClient, type Row } from "@libsql/client";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { makeTempFolder, type TempFolder } from "../support/temp_folder.ts";

export const items = [1, 2, 3, 4, 5, 6, 7, 8];
/** How often the step `flaky` fails before it succeeds. */
export const failures = 2;
/** How often it may be tried, not counting what was cut off. */
export const attemptsMax = 4;

export interface CrashWorld extends AsyncDisposable {
  readonly environment: Readonly<Record<string, string>>;
  /** Reads the database, beside the daemon if there is one. */
  query(sql: string): Promise<readonly Row[]>;
  /** What was done for a step, or for one item of it, in order. */
  deeds(executionId: string, step: string, item: number): readonly Deed[];
}

export interface Deed {
  readonly kind: "began" | "failed" | "done";
  readonly atMs: number;
}

export async function makeCrashWorld(): Promise<CrashWorld> {
  const folder = await makeTempFolder();
  const deeds = join(folder.path, "deeds");
  await Deno.mkdir(deeds);
  await folder.write("agents/worker.ts", agentText(deeds));
  await folder.write("workflows/crash.yaml", workflowsText);
  return {
    environment: environmentOf(folder),
    query: (sql) => query(join(folder.path, "data", "100ac.db"), sql),
    deeds: (executionId, step, item) => readDeeds(join(deeds, `${executionId}.${step}.${item}`)),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

function environmentOf({ path }: TempFolder): Record<string, string> {
  return {
    AC100_DATA_DIR: join(path, "data"),
    AC100_AGENTS_DIR: join(path, "agents"),
    AC100_WORKFLOWS_DIR: join(path, "workflows"),
    AC100_SHUTDOWN_SECONDS: "5",
  };
}

async function query(file: string, sql: string): Promise<readonly Row[]> {
  const client = createClient({ url: pathToFileURL(file).href, concurrency: 1 });
  try {
    await client.execute("PRAGMA busy_timeout = 5000");
    return (await client.execute(sql)).rows;
  } finally {
    client.close();
  }
}

function readDeeds(file: string): Deed[] {
  try {
    return Deno.readTextFileSync(file).split("\n").filter(Boolean).map((line) => {
      const [kind, atMs] = line.split(" ");
      return { kind: kind as Deed["kind"], atMs: Number(atMs) };
    });
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
}

/** What it has written outlives a kill, which takes nothing from the system's own memory. */
function agentText(deeds: string): string {
  return `import { defineAgent, z } from "100ac";
const file = (key) => ${JSON.stringify(deeds)} + "/" + key;
const note = (key, kind) =>
  Deno.writeTextFileSync(file(key), kind + " " + Date.now() + "\\n", { append: true });
const failed = (key) => Deno.readTextFileSync(file(key)).match(/failed/g)?.length ?? 0;
export default defineAgent({
  id: "worker",
  description: "Writes down what it does",
  permissions: { read: [${JSON.stringify(deeds)}], write: [${JSON.stringify(deeds)}] },
  capabilities: {
    work: {
      description: "Takes a while, fails as often as it is told, and gives its value",
      input: z.object({ key: z.string(), value: z.int(), ms: z.int(), failures: z.int() }),
      output: z.object({ value: z.int() }),
      async run({ key, value, ms, failures }, ctx) {
        note(key, "began");
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, ms);
          ctx.signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); });
        });
        if (failed(key) < failures) {
          note(key, "failed");
          throw new Error("as it was told");
        }
        note(key, "done");
        return { value };
      },
    },
  },
});
`;
}

function work(name: string, value: string, options: string, { ms = 3, failing = 0 } = {}): string {
  const item = options.includes("for_each") ? "${{ index }}" : "-1";
  return `      - name: ${name}
        agent: worker
        capability: work
        ${options}
        params:
          key: "\${{ execution.id }}.${name}.${item}"
          value: ${value}
          ms: ${ms}
          failures: ${failing}
`;
}

const workflowsText = `workflows:
  - name: graph
    inputs: { items: { type: array } }
    timeout: 5m
    steps:
${work("first", "1", "needs: []")}
${
  work(
    "each",
    '"${{ item * steps.first.output.value }}"',
    'for_each: { items: "${{ inputs.items }}", max_parallel: 3 }\n        needs: [first]',
  )
}
${
  work(
    "flaky",
    "7",
    `retry: { attempts: ${attemptsMax}, backoff: 10ms, factor: 2, jitter: 0.5 }\n` +
      "        needs: [first]",
    { failing: failures },
  )
}
${work("allowed", "0", "on_error: continue\n        needs: []", { failing: 1_000 })}
${work("late", "0", "timeout: 20ms\n        on_error: continue\n        needs: []", { ms: 60_000 })}
${work("never", "0", 'when: "${{ false && inputs.items.size() > 0 }}"\n        needs: [first]')}
${
  work(
    "last",
    '"${{ steps.each.output.size() + steps.flaky.output.value }}"',
    "needs: [each, flaky, allowed, late, never]",
  )
}
    finally:
${work("after", "9", "timeout: 30s")}
    outputs:
      last: "\${{ steps.last.output.value }}"
      each: "\${{ steps.each.output.map(one, one.value) }}"
      allowed: "\${{ steps.allowed.status }}"
      late: "\${{ steps.late.error.code }}"
      never: "\${{ steps.never.status }}"
  - name: chain
    steps:
${work("one", "1", "timeout: 30s")}
${work("two", "2", "timeout: 30s", { ms: 30 })}
${work("three", "3", "timeout: 30s")}
    finally:
${work("after", "9", "timeout: 30s")}
  - name: ticking
    schedule: { every: 1s, overlap: queue, catch_up: all, catch_up_max: 1000 }
    steps:
${work("tick", "1", "timeout: 30s")}
`;
