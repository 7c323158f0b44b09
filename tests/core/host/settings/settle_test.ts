/** Where a value comes from, and which grants follow from it. */

import assert from "node:assert/strict";
import { defineAgent, z } from "100ac";
import { type Manifest, readManifest } from "../../../../core/host/manifest/manifest.ts";
import { refusalOf, settle, type Sources } from "../../../../core/host/settings/settle.ts";
import type { StatedAgent } from "../../../../core/host/settings/stated.ts";
import type { Permissions } from "../../../../core/sdk/agent.ts";

const config = z.object({
  folder: z.string().default("prices").meta({ env: "AC100_FOLDER" }),
  url: z.string().nullable().default(null).meta({ env: "AC100_URL_OF_IT" }),
  seconds: z.int().min(1).max(300).default(10).meta({ env: "AC100_SECONDS" }),
  names: z.array(z.string()).default(["a"]).meta({ env: "AC100_NAMES" }),
  mood: z.enum(["calm", "wild"]).optional(),
});

function manifestOf(permissions: Permissions = {}, schema: z.ZodObject = config): Manifest {
  const agent = defineAgent({
    id: "one",
    description: "d",
    permissions,
    config: schema,
    capabilities: {},
  });
  return readManifest(agent, "one.ts");
}

function stated(values: Partial<StatedAgent>): StatedAgent {
  const lines = Object.fromEntries(
    Object.keys(values.config ?? {}).map((name, at) => [name, at + 3]),
  );
  return {
    file: "one.ts",
    config: {},
    grants: {},
    isolation: undefined,
    collections: {},
    lines,
    ...values,
  };
}

function settled(sources: Partial<Sources> = {}, permissions: Permissions = {}) {
  const all = { stated: undefined, variables: {}, dataFolder: "/data", ...sources };
  const settled = settle(manifestOf(permissions), all);
  const fields = settled.fields.map(({ name, value, from }) => [name, value, from]);
  return { ...settled, fields, refusal: refusalOf("one", settled) };
}

Deno.test("agents.yaml overrides a variable, which overrides the manifest", () => {
  const variables = { AC100_SECONDS: "20", AC100_NAMES: "b, c", AC100_URL_OF_IT: "http://x" };
  const { fields, values, refusal } = settled({
    stated: stated({ config: { seconds: 30, mood: "wild" } }),
    variables,
  });
  assert.deepEqual(fields, [
    ["folder", "prices", "default"],
    ["url", "http://x", "AC100_URL_OF_IT"],
    ["seconds", 30, "agents.yaml:3"],
    ["names", ["b", "c"], "AC100_NAMES"],
    ["mood", "wild", "agents.yaml:4"],
  ]);
  assert.deepEqual(values, { url: "http://x", seconds: 30, names: ["b", "c"], mood: "wild" });
  assert.equal(refusal, undefined);
});

Deno.test("a granted folder is an absolute path, wherever its name comes from", () => {
  const permissions = { read: [{ config: "folder" }] };
  const granted = (sources: Partial<Sources>) => {
    const { values, grants, refusal } = settled(sources, permissions);
    assert.equal(refusal, undefined);
    assert.deepEqual(grants, { read: [values["folder"]] });
    return values["folder"];
  };
  assert.equal(granted({}), "/data/prices", "by default in the data folder");
  assert.equal(granted({ variables: { AC100_FOLDER: "x" } }), `${Deno.cwd()}/x`);
  assert.equal(granted({ stated: stated({ config: { folder: "/srv" } }) }), "/srv");
  const relative = settled({ stated: stated({ config: { folder: "srv" } }) }, permissions);
  assert.match(relative.refusal ?? "", /"folder" is "srv", which is not an absolute path$/);
  const two = settled({ variables: { AC100_FOLDER: "/a,/b" } }, permissions);
  assert.match(two.refusal ?? "", /AC100_FOLDER: "folder" is "\/a,\/b", which contains a comma$/);
});

Deno.test("a URL grants its host; without a URL the manifest's fallback is granted", () => {
  const permissions = { net: [{ config: "url", otherwise: ["b:443", "a:443"] }, "c:1"] };
  const net = (url?: string) => {
    const variables = url === undefined ? {} : { AC100_URL_OF_IT: url };
    const { grants, refusal } = settled({ variables }, permissions);
    return refusal ?? grants.net;
  };
  assert.deepEqual(net(), ["a:443", "b:443", "c:1"]);
  assert.deepEqual(net("https://example.com/x?y"), ["c:1", "example.com:443"]);
  assert.deepEqual(net("http://[::1]:99/"), ["[::1]:99", "c:1"]);
  assert.deepEqual(net("example.com"), ["c:1", "example.com"]);
  for (const url of ["ftp://x", "http://", "a b", "*", "a:b:c", "http://a,b/", "x/y"]) {
    const found =
      `AC100_URL_OF_IT: "url" is "${url}", which is not an http(s) URL, host or host:port`;
    assert.equal(net(url), `Cannot configure agent "one": ${found}`);
  }
});

Deno.test("grants in agents.yaml replace the manifest's, but add no kind", () => {
  const permissions = { net: ["a:443"], env: ["HOME"] };
  const grants = { net: ["b", "127.0.0.1:80"], env: [] };
  assert.deepEqual(settled({ stated: stated({ grants }) }, permissions).grants, {
    net: ["127.0.0.1:80", "b"],
  });
  const more = settled(
    { stated: stated({ grants: { read: ["/"], net: ["https://x"] } }) },
    permissions,
  );
  assert.deepEqual(more.problems.map(({ path, message }) => [path, message]), [
    [["grants", "read"], `agent "one" asks for no read, so none can be granted; known: env, net`],
    [["grants", "net", 0], `"https://x" is not a host or host:port`],
  ]);
  assert.equal(more.grants.read, undefined);
});

Deno.test("an invalid value is refused with the place it comes from", () => {
  const refusal = (sources: Partial<Sources>) => settled(sources).refusal;
  assert.equal(
    refusal({ variables: { AC100_SECONDS: "soon" } }),
    `Cannot configure agent "one": AC100_SECONDS: "seconds" must be a number, not "soon"`,
  );
  assert.match(refusal({ variables: { AC100_SECONDS: "1.5" } }) ?? "", /must be a whole number/);
  assert.match(refusal({ variables: { AC100_SECONDS: "301" } }) ?? "", /must be at most 300/);
  assert.equal(
    refusal({ stated: stated({ config: { mod: "wild", mood: "mild" } }) }),
    `Cannot configure agent "one": agents.yaml: "mood" is "mild"; did you mean "wild"?; ` +
      `agents.yaml: unknown key "mod" in the configuration of "one"; did you mean "mood"?`,
  );
});

Deno.test("an agent is refused until its required field is set", () => {
  const schema = z.object({ key: z.string() });
  const sources = { stated: undefined, variables: {}, dataFolder: "/data" };
  const settled = settle(manifestOf({}, schema), sources);
  assert.equal(
    refusalOf("one", settled),
    `Cannot configure agent "one": "key" is missing; set it in agents.yaml`,
  );
  assert.deepEqual(settled.problems.map(({ path }) => path), [undefined], "no line is wrong");
});
