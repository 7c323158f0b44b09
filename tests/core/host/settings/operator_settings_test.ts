/** agents.yaml: its form, which settings are allowed for which agent, and what stays in force. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { defineAgent, z } from "100ac";
import { type Manifest, readManifest } from "../../../../core/host/manifest/manifest.ts";
import type { ReadFile } from "../../../../core/host/scan/agent_files.ts";
import { OperatorSettings } from "../../../../core/host/settings/operator_settings.ts";
import { bytesMax } from "../../../../core/host/settings/settings_text.ts";
import { operatorSettings } from "../../../support/operator_settings.ts";
import { makeTempFolder } from "../../../support/temp_folder.ts";

const shipped = { csv: { file: "sources/csv.ts", hash: "1", variables: ["AC100_CSV_DIR"] } };

function agent(file: string, id: string, more: Partial<Parameters<typeof defineAgent>[0]> = {}) {
  const definition = defineAgent({ id, description: "d", capabilities: {}, ...more });
  return readOf(file, { manifest: readManifest(definition, file) });
}

function readOf(name: string, found: { manifest: Manifest } | { error: string }): ReadFile {
  const file = { name, path: `/agents/${name}` };
  const result = "manifest" in found
    ? { file, manifest: found.manifest }
    : { file, error: { code: "invalid_manifest" as const, message: found.error } };
  return { result, hash: name, content: { hash: name, files: new Map(), writtenAtMs: 0 } };
}

const sources = z.array(z.string()).default(["csv"]).meta({ lists: "sources", env: "AC100_ASK" });
const agents = [
  agent("sources/csv.ts", "csv", {
    source: "csv",
    permissions: { read: [{ config: "folder" }] },
    config: z.object({ folder: z.string().default("csv").meta({ env: "AC100_CSV_DIR" }) }),
  }),
  agent("sources/made_up.ts", "made_up", { source: "made_up", simulated: true }),
  agent("asker.ts", "asker", { config: z.object({ sources, size: z.int().default(1) }) }),
  readOf("broken.ts", { error: "it does not parse" }),
  agent("keeper.ts", "keeper", {
    collections: { notes: { key: ["id"], schema: z.object({ id: z.string() }) } },
  }),
];

function take(
  text: string,
  options: Partial<ConstructorParameters<typeof OperatorSettings>[0]> = {},
) {
  const settings = operatorSettings("/agents", { shipped, ...options });
  settings.take({ text: "" }, agents);
  settings.take({ text }, agents);
  return settings;
}

/** Every problem of a text, as `line:column message`. */
function problemsOf(text: string): string[] {
  return take(text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

function configOf(settings: OperatorSettings, id: string) {
  const found = agents.find(({ result }) => "manifest" in result && result.manifest.id === id);
  assert.ok(found && "manifest" in found.result);
  const { manifest, file } = found.result;
  return settings.settle(manifest, file.name);
}

Deno.test("settings in agents.yaml apply by id and file", () => {
  const settings = take(`
# the desk's own
csv:
  file: sources/csv.ts
  config:
    folder: /srv/prices
  isolation: alone
asker: { file: asker.ts, config: { sources: [csv] } }
broken: { file: broken.ts, config: { anything: goes until it can be read } }
`);
  assert.deepEqual(settings.problems, []);
  const { fields: [folder], grants, isolation } = configOf(settings, "csv");
  assert.deepEqual([folder?.value, folder?.from], ["/srv/prices", "agents.yaml:6"]);
  assert.deepEqual([grants, isolation], [{ read: ["/srv/prices"] }, "alone"]);
  assert.equal(settings.ownerOf("asker"), "asker.ts");
  assert.equal(settings.ownerOf("csv"), "sources/csv.ts");
  assert.equal(settings.ownerOf("made_up"), undefined);
});

Deno.test("a missing, empty or comment-only file sets nothing", () => {
  for (const text of ["", "\n", "# csv: { file: sources/csv.ts }\n", "---\n"]) {
    assert.deepEqual(problemsOf(text), [], JSON.stringify(text));
  }
});

Deno.test("every problem has its line and column, and a suggestion if possible", () => {
  assert.deepEqual(
    problemsOf(`
csvv: { config: { folder: /x } }
csv:
  file: sources/csv.ts
  confg: {}
  isolation: tread
asker:
  file: asker.ts
  config:
    siz: 3
    size: "3"
    sources: [csv, csvv]
  grants: { read: [/x] }
made_up: { file: sources/made_upp.ts, config: { x: 1 } }
list: [1]
`),
    [
      `2:1 there is no agent "csvv"; did you mean "csv"?`,
      `5:3 unknown key "confg" in agent "csv"; did you mean "config"?`,
      `6:14 "isolation" is "tread"; did you mean "thread"?`,
      `10:5 unknown key "siz" in the configuration of "asker"; did you mean "size"?`,
      `11:11 "size" must be a number, not "3"`,
      `12:14 "sources" names "csvv", which is not a market source; did you mean "csv"?`,
      `13:13 agent "asker" asks for no read, so none can be granted`,
      `14:18 there is no agent file "sources/made_upp.ts"; did you mean "sources/made_up.ts"?`,
      `15:7 agent "list" must be a mapping, not a list`,
    ],
  );
});

Deno.test("an id is bound to its file, and a shipped id to the shipped file", () => {
  assert.deepEqual(problemsOf("csv: { config: { folder: /x } }"), [
    `1:1 agent "csv" needs its file; write "file: sources/csv.ts"`,
  ]);
  assert.deepEqual(problemsOf("csv: { file: asker.ts }"), [
    `1:14 the id "csv" belongs to sources/csv.ts, which ships with the release`,
  ]);
  assert.deepEqual(problemsOf("made_up: { file: asker.ts }"), [
    `1:1 asker.ts declares the agent "asker", not "made_up"`,
  ]);
  assert.deepEqual(problemsOf("made_up: { file: sources/made_up.ts, config: { seed: 1 } }"), [
    `1:38 agent "made_up" has no configuration; remove "config"`,
  ]);
});

Deno.test("simulated sources are refused next to real ones", () => {
  assert.deepEqual(problemsOf("asker: { file: asker.ts, config: { sources: [csv, made_up] } }"), [
    `1:45 "sources" names made_up next to other sources; ` +
    `simulated prices must not replace real ones`,
  ]);
  assert.deepEqual(problemsOf("asker: { file: asker.ts, config: { sources: [made_up] } }"), []);
  assert.deepEqual(problemsOf("asker: { file: asker.ts, config: { sources: [csv, csv] } }"), [
    `1:45 "sources" names a source twice`,
  ]);
});

Deno.test("text that is not strict YAML is refused, and no text throws", () => {
  const hostile: readonly [string, RegExp][] = [
    ["csv: [", /Flow sequence/i],
    ["- csv", /must be a mapping of agents by their ids, not a list/],
    ["42", /must be a mapping of agents/],
    ["csv: { file: sources/csv.ts }\ncsv: { file: asker.ts }", /the key "csv" appears twice/],
    ["? [a, b]\n: 1", /a key must be text/],
    ["csv: !!js/function x", /tags are not supported/],
    ["__proto__: { file: asker.ts }", /this name is not allowed for a key/],
    ["constructor: { file: asker.ts }", /asker.ts declares the agent "asker", not "constructor"/],
    ["<<: { file: asker.ts }", /does not merge/],
    ["a: 1\n---\nb: 2", /a second document begins here/],
    ["csv: { file: null }", /"file" must be text, not nothing/],
    [`csv: ${"[".repeat(200)}${"]".repeat(200)}`, /nesting/],
    [
      `a: &a [x, x, x, x, x, x, x, x, x, x]\n` +
      [..."bcdefgh"].map((name, at) =>
        `${name}: &${name} [${Array(10).fill(`*${"abcdefgh"[at]}`).join()}]\n`
      ).join(""),
      /more than 100000 values, aliases expanded/,
    ],
  ];
  for (const [text, expected] of hostile) {
    const found = problemsOf(text).join("\n");
    assert.match(found, expected, text.slice(0, 80));
  }
});

Deno.test("a broken file changes nothing until it is fixed", () => {
  const settings = take("asker: { file: asker.ts, config: { size: 2 } }");
  const size = () => configOf(settings, "asker").fields.find(({ name }) => name === "size")?.value;
  assert.equal(size(), 2);
  settings.take({ text: "asker: { file: asker.ts, config: { size: 3 } }\ncsw: {}" }, agents);
  assert.deepEqual([size(), settings.problems.length], [2, 1], "no half of it is in force");
  assert.equal(settings.take({ text: "csw" }, agents), true);
  assert.equal(settings.take({ text: "csw" }, agents), false, "it is looked at once");
  settings.take({ text: "asker: { file: asker.ts, config: { size: 4 } }" }, agents);
  assert.deepEqual([size(), settings.problems.length], [4, 0]);
  settings.take({ text: "" }, agents);
  assert.equal(size(), 1, "what is taken out is the default again");
});

Deno.test("at the start, problems of the file and the variables are refused in one line", () => {
  const settings = operatorSettings("/agents", {
    shipped: { ...shipped, asker: { file: "asker.ts", hash: "1", variables: ["AC100_ASK"] } },
    variables: { AC100_ASK: "nasdaq", AC100_CSV_DIR: "/a,/b" },
  });
  assert.throws(() => settings.take({ text: "csw: {}\nasker: 3" }, agents), {
    code: "invalid_config",
    message: `Cannot read the configuration: ` +
      `AC100_CSV_DIR: "folder" is "/a,/b", which contains a comma; ` +
      `AC100_ASK: names "nasdaq", which is not a market source; known: csv, made_up; ` +
      `agents.yaml:1:1: there is no agent "csw"; did you mean "csv"?; ` +
      `agents.yaml:2:8: agent "asker" must be a mapping, not 3`,
  });
});

Deno.test("naming a source whose file cannot be read now is not a problem", () => {
  const settings = operatorSettings("/agents", {
    shipped: {
      asker: { file: "asker.ts", hash: "1", variables: ["AC100_ASK"] },
      broken: { file: "broken.ts", hash: "1", variables: [] },
    },
    variables: { AC100_ASK: "broken,csv" },
  });
  settings.take({ text: "" }, agents);
  assert.deepEqual(settings.problems, []);
});

Deno.test("variables apply only to shipped agents at their own paths", () => {
  const settings = take("", { variables: { AC100_CSV_DIR: "/granted" } });
  const [csv] = agents;
  assert.ok(csv && "manifest" in csv.result);
  const { manifest } = csv.result;
  assert.deepEqual(settings.settle(manifest, "sources/csv.ts").grants, { read: ["/granted"] });
  assert.deepEqual(settings.settle(manifest, "a_csv.ts").grants, { read: ["/agents/csv"] });
  const other = { ...manifest, id: "other" };
  assert.deepEqual(settings.settle(other, "other.ts").grants, { read: ["/agents/csv"] });
});

Deno.test("settings in agents.yaml apply only to the file they name", () => {
  const settings = take("asker: { file: asker.ts, isolation: process }");
  const [, , asker] = agents;
  assert.ok(asker && "manifest" in asker.result);
  assert.equal(settings.settle(asker.result.manifest, "asker.ts").isolation, "process");
  assert.equal(settings.settle(asker.result.manifest, "copy.ts").isolation, undefined);
});

Deno.test("a secret in the file is refused and shown nowhere", () => {
  const secrets = { API_KEY: "hunter2-hunter2", PIN: "1" };
  const settings = take(
    "asker: { file: asker.ts, config: { sources: [csv, x-hunter2-hunter2] } }",
    { secrets },
  );
  const texts = JSON.stringify(settings.problems);
  assert.match(texts, /this contains the secret API_KEY; remove it/);
  assert.doesNotMatch(texts, /hunter2/);
});

Deno.test("anything in place of agents.yaml is read as data or refused", async (t) => {
  const found = async (
    make: (path: string, folder: string) => unknown,
  ): Promise<string | undefined> => {
    await using folder = await makeTempFolder({ "elsewhere/secret.yaml": "a: 1" });
    const agentsFolder = join(folder.path, "agents");
    await Deno.mkdir(agentsFolder);
    await make(join(agentsFolder, "agents.yaml"), folder.path);
    const text = await operatorSettings(agentsFolder).read();
    return "found" in text ? text.found : text.text;
  };
  const cases: readonly [string, (path: string, folder: string) => unknown, RegExp][] = [
    ["nothing", () => undefined, /^$/],
    ["a folder", (path) => Deno.mkdir(path), /^it is not a file/],
    ["a link out", (path, to) => Deno.symlink(`${to}/elsewhere/secret.yaml`, path), /leaves the/],
    [
      "a link to nowhere",
      (path) => Deno.symlink("nowhere", path),
      /^it is a link to a missing file/,
    ],
    ["a link to itself", (path) => Deno.symlink("agents.yaml", path), /^it cannot be read/],
    ["a device", (path) => Deno.symlink("/dev/zero", path), /leaves the agents folder/],
    ["bytes", (path) => Deno.writeFile(path, new Uint8Array([0xff, 0xfe])), /not UTF-8 text/],
    [
      "gigabytes",
      (path) => Deno.writeTextFile(path, "").then(() => Deno.truncate(path, 4e9)),
      new RegExp(`^it has 4000000000 bytes, over ${bytesMax}`),
    ],
    [
      "a link inside",
      async (path) => {
        await Deno.writeTextFile(`${path}.v2`, "# second");
        await Deno.symlink("agents.yaml.v2", path);
      },
      /^# second$/,
    ],
  ];
  for (const [name, make, expected] of cases) {
    await t.step(name, async () => assert.match(await found(make) ?? "", expected));
  }
});

Deno.test("an unreadable file is reported like any other problem", () => {
  const settings = take("");
  settings.take({ found: "it is not a file; replace it with a file or remove it" }, agents);
  assert.deepEqual(settings.problems, [{
    file: "agents.yaml",
    line: 1,
    column: 1,
    message: "agents.yaml cannot be used: it is not a file; replace it with a file or remove it",
  }]);
});

Deno.test("collection limits may be set only for an agent with collections", () => {
  const stating = (id: string, bounds: string): string =>
    `${id}: { file: ${id}.ts, collections: ${bounds} }`;
  const bounds = "{ values_max: 7, bytes_max: 100 }";
  const { collections } = configOf(take(stating("keeper", bounds)), "keeper");
  assert.deepEqual(collections, { values_max: 7, bytes_max: 100 });
  assert.deepEqual(configOf(take(""), "keeper").collections, {});
  assert.deepEqual(problemsOf(stating("asker", bounds)), [
    '1:26 agent "asker" has no collections; remove "collections"',
  ]);
  for (const wrong of ["{ values_max: 0 }", "{ bytes_max: 1.5 }", "{ value_max: 5 }", "7"]) {
    assert.equal(problemsOf(stating("keeper", wrong)).length, 1, wrong);
  }
});
