/** Checks agents.yaml against the existing agents and reports problems to its tree. */

import type { Shipped } from "../../shipped.ts";
import type { YamlPath, YamlTree } from "../../yaml/tree.ts";
import { shown, suggestion } from "../../yaml/wording.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { ReadFile } from "../scan/agent_files.ts";
import type { Settled } from "./settle.ts";
import { type KnownSources, sourceProblem } from "./source_lists.ts";
import type { StatedAgent } from "./stated.ts";

export interface CheckedAgainst {
  readonly agents: readonly ReadFile[];
  readonly sources: KnownSources;
  readonly shipped: Shipped;
  readonly secrets: Readonly<Record<string, string>>;
  readonly settle: (manifest: Manifest, file: string) => Settled;
}

export function checkStated(
  stated: ReadonlyMap<string, StatedAgent>,
  tree: YamlTree,
  against: CheckedAgainst,
): void {
  for (const [id, agent] of stated) {
    const found = fileOf(id, agent, against);
    if ("problem" in found) tree.report([id, ...found.path], found.problem, found.place);
    // If the file cannot be read now, its settings are checked once it can.
    else if ("manifest" in found.read.result) {
      const { manifest, file } = found.read.result;
      reportSettled(id, against.settle(manifest, file.name), tree, against.sources);
    }
  }
  reportSecrets([], tree.valueAt([]), tree, against.secrets);
}

type Found =
  | { readonly read: ReadFile }
  | { readonly problem: string; readonly path: YamlPath; readonly place: "key" | "value" };

/**
 * The file that declares an agent. It must be named, because rights belong to a file, not an id.
 */
function fileOf(
  id: string,
  { file }: StatedAgent,
  { agents, shipped }: CheckedAgainst,
): Found {
  const atKey = (problem: string): Found => ({ problem, path: [], place: "key" });
  const owner = agents.find(({ result }) => "manifest" in result && result.manifest.id === id);
  if (file === undefined && owner) {
    return atKey(`agent ${shown(id)} needs its file; write "file: ${owner.result.file.name}"`);
  }
  const read = agents.find(({ result }) => result.file.name === file);
  const ids = agents.flatMap(({ result }) => "manifest" in result ? [result.manifest.id] : []);
  if (file === undefined) return atKey(`there is no agent ${shown(id)}${suggestion(id, ids)}`);
  if (!read) {
    const names = agents.map(({ result }) => result.file.name);
    const problem = `there is no agent file ${shown(file)}${suggestion(file, names)}`;
    return { problem, path: ["file"], place: "value" };
  }
  const reserved = Object.hasOwn(shipped, id) ? shipped[id]?.file : undefined;
  if (reserved !== undefined && reserved !== file) {
    const problem = `the id ${shown(id)} belongs to ${reserved}, which ships with the release`;
    return { problem, path: ["file"], place: "value" };
  }
  const { result } = read;
  if ("error" in result || result.manifest.id === id) return { read };
  return atKey(`${file} declares the agent ${shown(result.manifest.id)}, not ${shown(id)}`);
}

function reportSettled(
  id: string,
  { problems, fields }: Settled,
  tree: YamlTree,
  sources: KnownSources,
): void {
  for (const { path, message, place } of problems) {
    if (path) tree.report([id, ...path], message, place);
  }
  for (const field of fields) {
    const path = [id, "config", field.name];
    const found = tree.valueAt(path) === undefined ? undefined : sourceProblem(field, sources);
    if (found !== undefined) tree.report(path, `${shown(field.name)} ${found}`);
  }
}

/** The file is displayed, copied and committed, so it must not hold secrets. */
function reportSecrets(
  path: YamlPath,
  value: unknown,
  tree: YamlTree,
  secrets: Readonly<Record<string, string>>,
): void {
  if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      const step = Array.isArray(value) ? Number(key) : key;
      reportSecrets([...path, step], inner, tree, secrets);
    }
    return;
  }
  if (typeof value !== "string") return;
  const named = Object.entries(secrets).find(([, secret]) =>
    secret.length >= secretLengthMin && value.includes(secret)
  );
  if (!named) return;
  tree.report(
    path,
    `this contains the secret ${named[0]}; remove it and name it under "secrets" in the manifest`,
  );
}

/** Shorter values are not searched for: they also occur in ordinary words. */
const secretLengthMin = 8;
