/** The scan of agent files: whatever a file does during its import, the others are read. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { findAgentFiles } from "../../../../core/host/files/find.ts";
import { scanAgents, type ScanOptions, type ScanSetup } from "../../../../core/host/scan/scan.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";

const scanProcess = new URL("../../../../core/host/inside/scan_process.ts", import.meta.url).href;
const nodeModules = fileURLToPath(new URL("../../../../node_modules", import.meta.url));

function agentText(id: string, before = ""): string {
  return `import { defineAgent, z } from "100ac";
${before}
export default defineAgent({
  id: "${id}",
  description: "For tests",
  capabilities: {
    fetch: { description: "d", input: z.object({}), output: z.object({}), run: () => ({}) },
  },
});
`;
}

/** The result for each file: the manifest's id, or the error's message. */
async function scan(
  files: Readonly<Record<string, string>>,
  options: Partial<ScanOptions> = {},
): Promise<Record<string, string>> {
  await using folder = await makeTempFolder(files);
  const results = await scanAgents((await findAgentFiles(folder.path)).files, {
    readable: [folder.path, nodeModules],
    signal: new AbortController().signal,
    fileMsMax: 500,
    ...options,
  });
  return Object.fromEntries(results.map((result) => [
    result.file.name,
    "manifest" in result ? result.manifest.id : messageOf(result.error),
  ]));
}

function messageOf({ code, message }: { code: string; message: string }): string {
  assert.equal(code, "invalid_manifest");
  return message;
}

const good = agentText("good");

Deno.test("a folder without files needs no process", async () => {
  assert.deepEqual(await scan({}), {});
});

Deno.test("a file that is not an agent, does not parse or throws is reported", async () => {
  const found = await scan({
    "empty.ts": "",
    "missing_module.ts": `import "./nowhere.ts";`,
    "missing_package.ts": `import "npm:left-pad@1.3.0"; ${good}`,
    "number.ts": "export default 7;",
    "syntax.ts": "export default {{;",
    "throws.ts": `throw new Error("no luck today");`,
    "throws_text.ts": `throw "no luck today";`,
    "unknown_package.ts": `import "lodash";`,
    "zz_good.ts": good,
  });
  const expected: Record<string, RegExp> = {
    "empty.ts": /default export: is missing; write `export default defineAgent/,
    "missing_module.ts": /Module not found "nowhere\.ts"\. at missing_module\.ts:1:8$/,
    "missing_package.ts": /'npm:left-pad@1\.3\.0'.* node_modules/,
    "number.ts": /default export: .*expected object/,
    "syntax.ts": /^Cannot load agent "syntax\.ts": SyntaxError: .* at syntax\.ts:1:17$/,
    "throws.ts": /: no luck today$/,
    "throws_text.ts": /: no luck today$/,
    "unknown_package.ts": /"lodash"/,
    "zz_good.ts": /^good$/,
  };
  assert.deepEqual(Object.keys(found), Object.keys(expected));
  for (const [name, pattern] of Object.entries(expected)) {
    assert.match(found[name] ?? "", pattern);
    if (name !== "zz_good.ts") assert.ok(found[name]?.startsWith(`Cannot load agent "${name}": `));
  }
});

Deno.test("a file that loops or exits is reported, and the others are read", async () => {
  const ended = (name: string): string =>
    `Cannot load agent "${name}": its import ended the process or took longer than 0.5 s; ` +
    `do no work at the top level`;
  assert.deepEqual(
    await scan({
      "a_good.ts": good,
      "exits.ts": agentText("exits", "Deno.exit(3);"),
      "loops.ts": agentText("loops", "while (true);"),
      "waits.ts": agentText("waits", "await new Promise((done) => setTimeout(done, 60_000));"),
      "z_good.ts": agentText("z_good"),
    }),
    {
      "a_good.ts": "good",
      "exits.ts": `Cannot load agent "exits.ts": Cannot exit: other agents share its host`,
      "loops.ts": ended("loops.ts"),
      "waits.ts": ended("waits.ts"),
      "z_good.ts": "z_good",
    },
  );
});

Deno.test("a failure that an earlier file caused is not blamed on the next one", async () => {
  const later = (code: string): string => `setTimeout(() => { ${code} });`;
  assert.deepEqual(
    await scan({
      "1.ts": agentText("rejects", `Promise.reject(new Error("nobody listens"));`),
      "2.ts": good,
      "3.ts": agentText("throws", later(`throw new Error("later");`)),
      "4.ts": agentText("waits_a_little", "await new Promise((done) => setTimeout(done, 50));"),
      "5.ts": agentText("loops", later("while (true);")),
      "6.ts": agentText("waits_too", "await new Promise((done) => setTimeout(done, 50));"),
      "7.ts": agentText("stays", "setInterval(() => {}, 1);"),
    }),
    {
      "1.ts": "rejects",
      "2.ts": "good",
      "3.ts": "throws",
      "4.ts": "waits_a_little",
      "5.ts": "loops",
      "6.ts": "waits_too",
      "7.ts": "stays",
    },
  );
});

Deno.test("permissions needed at the top level of a file are refused by name", async () => {
  const found = await scan({
    "env.ts": agentText("env", `Deno.env.get("HOME");`),
    "net.ts": agentText("net", `await fetch("http://127.0.0.1:8199/");`),
    "passwd.ts": agentText("passwd", `Deno.readTextFileSync("/etc/passwd");`),
    "run.ts": agentText("run", `new Deno.Command("true").outputSync();`),
    "self.ts": agentText("self", `Deno.readTextFileSync(new URL(import.meta.url));`),
    "write.ts": agentText("write", `Deno.writeTextFileSync("/tmp/x", "");`),
  });
  assert.match(found["passwd.ts"] ?? "", /read access to "\/etc\/passwd"/);
  assert.match(found["env.ts"] ?? "", /env access to "HOME"/);
  assert.match(found["net.ts"] ?? "", /net access to "127\.0\.0\.1:8199"/);
  assert.match(found["run.ts"] ?? "", /run access to "true"/);
  assert.match(found["write.ts"] ?? "", /write access to "\/tmp\/x"/);
  assert.equal(found["self.ts"], "self", "its own folder may be read");
});

Deno.test("output of a file is not taken for a line of the scan", async () => {
  const forged = `100ac-scan {"kind":"error","name":"nobody.ts","error":{}}`;
  assert.deepEqual(
    await scan({
      "1.ts": agentText("console", `console.log("{}"); console.error("x");`),
      "2.ts": agentText(
        "stdout",
        `Deno.stdout.writeSync(new TextEncoder().encode(${
          JSON.stringify(`{}\n${forged}\nhalf`)
        }));`,
      ),
      "3.ts": good,
    }),
    { "1.ts": "console", "2.ts": "stdout", "3.ts": "good" },
  );
});

/** Wraps everything the scan's lines might pass through, and records what it sees. */
const listening = `
const heard = globalThis.heard = [];
const note = (part) => {
  const text = part instanceof Uint8Array ? new TextDecoder().decode(part) : part;
  if (typeof text === "string" && /-scan-/.test(text)) heard.push(text);
};
const typed = Object.getPrototypeOf(Uint8Array.prototype);
const through = [TextEncoder.prototype, Uint8Array.prototype, typed, String.prototype, JSON, Deno,
  Deno.stdout, Array.prototype, Function.prototype, Object.prototype, Promise.prototype];
for (const target of through) {
  for (const name of Reflect.ownKeys(target)) {
    const found = Object.getOwnPropertyDescriptor(target, name);
    const key = found.get ? "get" : "value";
    const method = found[key];
    if (typeof method !== "function" || name === "constructor") continue;
    Reflect.defineProperty(target, name, { ...found, [key](...parts) {
      for (const part of [this, ...parts]) note(part);
      return Reflect.apply(method, this, parts);
    } });
  }
}
Reflect.defineProperty(Object.prototype, "toJSON", { value() { note(this); return { id: "x" }; } });
`;

Deno.test("a file that listens in on the scan does not learn its mark", async () => {
  const asks = `if (globalThis.heard.length > 0) throw new Error(globalThis.heard.join());`;
  assert.deepEqual(
    await scan({ "1.ts": agentText("listens", listening), "2.ts": agentText("asks", asks) }),
    { "1.ts": "listens", "2.ts": "asks" },
  );
});

Deno.test("a capability declared twice is reported with its line", async () => {
  const twice = good.replace(/( {4}fetch: .*\n)/, "$1$1");
  assert.deepEqual(await scan({ "a #1 100%.ts": twice, "b.ts": agentText("b") }), {
    "a #1 100%.ts": `Cannot load agent "a #1 100%.ts": capabilities.fetch: is declared twice ` +
      `in the object that begins in line 6; remove or rename one`,
    "b.ts": "b",
  });
});

Deno.test("an agent may import its helpers, but no file it may not read", async () => {
  await using outside = await makeTempFolder({ "helper.ts": "export const id = 'outside';" });
  const found = await scan({
    "_lib/helper.ts": "export const id = 'helped';",
    "calendar.ts": agentText("calendar", `import { isSession } from "100ac/calendar"; isSession;`),
    "helped.ts": `import { id } from "./_lib/helper.ts"; ${agentText("x").replace(`"x"`, "id")}`,
    "outside.ts": `import { id } from "${outside.path}/helper.ts"; ${good.replace(`"good"`, "id")}`,
  });
  assert.equal(found["calendar.ts"], "calendar");
  assert.equal(found["helped.ts"], "helped");
  assert.match(found["outside.ts"] ?? "", /Requires read access to ".*helper\.ts"/);
});

Deno.test("an aborted scan ends with its process before a file's time limit", async () => {
  const waits = "await new Promise((done) => setTimeout(done, 60_000));";
  const startedAtMs = performance.now();
  await assert.rejects(
    scan({ "waits.ts": waits }, { signal: AbortSignal.timeout(100), fileMsMax: 20_000 }),
    { name: "TimeoutError" },
  );
  assert.ok(performance.now() - startedAtMs < 5_000);
  await assert.rejects(
    scan({ "good.ts": good }, { signal: AbortSignal.abort(new Error("x")) }),
    /x/,
  );
});

Deno.test("a scan ends with its starter, whatever the current file does", async () => {
  await using folder = await makeTempFolder({ "loops.ts": "for (;;);" });
  const setup: ScanSetup = {
    mark: "mark ",
    files: (await findAgentFiles(folder.path)).files,
  };
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--allow-read", scanProcess],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(`${JSON.stringify(setup)}\n`));
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; !text.includes("begin");) text += (await output.read()).value ?? "";
  await input.close();
  assert.equal((await child.status).code, 0);
  await output.cancel();
});
