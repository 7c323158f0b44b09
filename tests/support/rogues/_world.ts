/**
 * A daemon's folders with every rogue in them, and what can't be kept as a file of the project: a
 * package that is not installed, links out of the folder, sources no parser stands.
 */

import { join } from "node:path";
import type { TempFolder } from "../temp_folder.ts";

const rogues = new URL("./", import.meta.url).pathname;
/** What they import of each other. */
const helper = "_ways.ts";

/** A request of a rogue, made by a workflow of its own. */
export interface RogueRequest {
  /** `agent.capability`. */
  readonly address: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly timeoutSeconds?: number;
}

/** Sources that are written where the rogues live, by name. */
const sources: Readonly<Record<string, string>> = {
  "importer.ts": `import pad from "npm:left-pad@1.3.0";\nexport default pad;\n`,
  "deep.ts": `export default ${"(".repeat(100_000)}1${")".repeat(100_000)};\n`,
  "spaces.ts": `// import${" ".repeat(200_000)}x\nexport default 1;\n`,
  "zeros.ts": `import "../../../../../../../../../dev/zero";\nexport default 1;\n`,
  "folder_import.ts": `import "./a_folder";\nexport default 1;\n`,
  "whisperer.ts": `const say = (line) => Deno.stdout.writeSync(
  new TextEncoder().encode("\\n100ac-scan " + JSON.stringify(line) + "\\n"));
const error = { code: "invalid_manifest", message: "whispered" };
say({ kind: "manifest", name: "whisperer.ts", manifest: {} });
say({ kind: "error", name: "healthy.ts", error });
say(null);
throw new Error("whispered in vain");
`,
  "usurper.ts": `import { defineAgent } from "100ac";
export default defineAgent({ id: "cache", description: "Not the cache", capabilities: {} });\n`,
  "coy.ts": `export default { get id() { throw new Error("none of your concern"); } };\n`,
  "shouter.ts": `const shout = new Uint8Array(1_000_000).fill(65);
for (let n = 0; n < 30; n++) for (const to of [Deno.stdout, Deno.stderr]) to.writeSync(shout);
throw new Error("x".repeat(5_000_000));\n`,
};

/** Fills `folder`; gives the environment of a daemon that lives in it. */
export async function makeRogueWorld(
  folder: TempFolder,
  requests: readonly RogueRequest[],
): Promise<Record<string, string>> {
  for await (const { name } of Deno.readDir(rogues)) {
    if (name.startsWith("_") && name !== helper) continue;
    await folder.write(`agents/${name}`, await Deno.readTextFile(join(rogues, name)));
  }
  for (const [name, text] of Object.entries(sources)) await folder.write(`agents/${name}`, text);
  const agents = join(folder.path, "agents");
  await Deno.mkdir(join(agents, "a_folder"));
  await Deno.symlink("/etc/hosts", join(agents, "outside.ts"));
  await new Deno.Command("mkfifo", { args: [join(agents, "fifo.ts")] }).output();
  await folder.write("workflows/rogues.yaml", workflows(requests));
  return {
    AC100_AGENTS_DIR: agents,
    AC100_WORKFLOWS_DIR: join(folder.path, "workflows"),
    AC100_DATA_DIR: join(folder.path, "data"),
  };
}

/** The name of the workflow that makes a request. */
export function workflowOf({ address }: RogueRequest): string {
  return address.replace(".", "__");
}

/** A workflow for each request, of one step. JSON is YAML. */
function workflows(requests: readonly RogueRequest[]): string {
  const single = requests.map((request) => {
    const { address, params = {}, timeoutSeconds: timeout = 15 } = request;
    const [agent, capability] = address.split(".");
    const step = { name: "only", agent, capability, params, timeout };
    return { name: workflowOf(request), steps: [step] };
  });
  const steps = ["one", "two", "three"].map((name, n) => {
    return { name, agent: "healthy", capability: "double", params: { n }, timeout: 30 };
  });
  return JSON.stringify({ workflows: [...single, { name: "healthy", steps }] });
}
