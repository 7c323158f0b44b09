/**
 * An agent's settings, from three places: agents.yaml, then the environment (shipped agents only),
 * then the defaults in its manifest. Pure.
 */

import { resolve } from "node:path";
import { validate } from "../../yaml/issues.ts";
import { type JsonSchema, looseSchema } from "../../yaml/json_schema.ts";
import type { Grants, Manifest } from "../manifest/manifest.ts";
import { grantsOf } from "./grants.ts";
import type { SettingProblem, StatedAgent, StatedBounds, StatedIsolation } from "./stated.ts";

/** A configuration field with the value in force. */
export interface Field {
  readonly name: string;
  /** Undefined when it has no value. */
  readonly value: unknown;
  /** `default`, a variable's name, or a place such as `agents.yaml:12`. */
  readonly from: string;
  /** What the ids in a list refer to, such as `sources`. */
  readonly lists: string | undefined;
}

export interface Settled {
  readonly fields: readonly Field[];
  /** The values passed to its `config` schema, which adds its own defaults. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly grants: Grants;
  /** Undefined when the manifest decides. */
  readonly isolation: StatedIsolation | undefined;
  /** The limits of its collections. */
  readonly collections: StatedBounds;
  readonly problems: readonly SettingProblem[];
}

/** Where an agent's settings come from. */
export interface Sources {
  readonly stated: StatedAgent | undefined;
  /** The variables that may configure it. */
  readonly variables: Readonly<Record<string, string>>;
  /** Manifests' default folders are relative to this one. */
  readonly dataFolder: string;
}

export const fileName = "agents.yaml";

export function settle(manifest: Manifest, sources: Sources): Settled {
  const { stated } = sources;
  const given = givenFields(manifest, sources);
  const fields = given.map(({ name, value, from, lists }) => ({ name, value, from, lists }));
  const values = {
    ...stated?.config,
    ...Object.fromEntries(
      given.flatMap(({ name, value, isGiven }) => isGiven ? [[name, value]] : []),
    ),
  };
  const byName = new Map(fields.map((field) => [field.name, field.value]));
  const { grants, problems } = grantsOf(manifest, byName, stated?.grants ?? {});
  return {
    fields,
    values,
    grants,
    isolation: stated?.isolation,
    collections: stated?.collections ?? {},
    problems: [
      ...configProblems(manifest, values, sources, given),
      ...problems.map((problem) => placed(problem, sources, given)),
      ...collectionProblems(manifest, stated),
    ],
  };
}

/** Why an agent cannot run with its settings; undefined when it can. */
export function refusalOf(id: string, { problems }: Settled): string | undefined {
  if (problems.length === 0) return undefined;
  const all = problems.map(({ variable, path, message }) =>
    `${variable ? `${variable}: ` : path ? `${fileName}: ` : ""}${message}`
  );
  return `Cannot configure agent "${id}": ${all.join("; ")}`;
}

interface GivenField extends Field {
  readonly variable: string | undefined;
  /** Whether the value is passed on; the schema itself adds the other defaults. */
  readonly isGiven: boolean;
}

function givenFields(
  manifest: Manifest,
  { stated, variables, dataFolder }: Sources,
): readonly GivenField[] {
  const folders = folderFields(manifest);
  return Object.entries(propertiesOf(manifest.config)).map(([name, schema]) => {
    const field = { name, lists: wordOf(schema, "lists"), variable: undefined, isGiven: true };
    if (stated && Object.hasOwn(stated.config, name)) {
      return { ...field, value: stated.config[name], from: `${fileName}:${stated.lines[name]}` };
    }
    const isFolder = folders.has(name);
    const variable = wordOf(schema, "env");
    const text = variable === undefined ? undefined : variables[variable];
    if (variable !== undefined && text !== undefined) {
      const value = isFolder ? resolve(text) : valueOfText(text, schema);
      return { ...field, value, from: variable, variable };
    }
    const value = schema["default"];
    const from = "default";
    // The schema's default is relative to the data folder, which the schema does not know.
    if (isFolder && typeof value === "string") {
      return { ...field, value: resolve(dataFolder, value), from };
    }
    return { ...field, value, from, isGiven: false };
  });
}

/** Problems of the values, by the manifest's schema. */
function configProblems(
  { id, config }: Manifest,
  values: Readonly<Record<string, unknown>>,
  { stated }: Sources,
  given: readonly GivenField[],
): SettingProblem[] {
  if (config === null) {
    if (Object.keys(values).length === 0) return [];
    const message = `agent "${id}" has no configuration; remove "config"`;
    return [{ path: ["config"], place: "key", message }];
  }
  // Skip validation when nothing is set, because there may be a thousand agents.
  if (Object.keys(values).length === 0 && !Array.isArray(config["required"])) return [];
  const schema = looseSchema(config);
  const checked = schema && validate(schema, values, `the configuration of "${id}"`);
  if (!checked || "value" in checked) return [];
  return checked.issues.map(({ path, place, message }) => {
    const [field] = path;
    if (field !== undefined && !Object.hasOwn(values, field)) {
      return { place, message: `${message}; set it in ${fileName}` };
    }
    return placed({ path: ["config", ...path], place, message }, { stated }, given);
  });
}

/** Limits for an agent without collections are a mistake. */
function collectionProblems(
  { id, collections }: Manifest,
  stated: StatedAgent | undefined,
): SettingProblem[] {
  const isStated = Object.keys(stated?.collections ?? {}).length > 0;
  if (!isStated || collections.length > 0) return [];
  const message = `agent "${id}" has no collections; remove "collections"`;
  return [{ path: ["collections"], place: "key", message }];
}

/** Assigns a field's problem to the variable that its value came from, if any. */
function placed(
  { path, place, message }: SettingProblem,
  { stated }: Pick<Sources, "stated">,
  given: readonly GivenField[],
): SettingProblem {
  const [part, name] = path ?? [];
  const field = part === "config" ? given.find((one) => one.name === name) : undefined;
  if (field?.variable !== undefined) return { variable: field.variable, place, message };
  return stated && path ? { path, place, message } : { place, message };
}

/** Fields whose value is a folder to grant. */
function folderFields({ permissions: { read = [], write = [] } }: Manifest): ReadonlySet<string> {
  return new Set([...read, ...write].flatMap((one) => typeof one === "string" ? [] : [one.config]));
}

function propertiesOf(schema: JsonSchema | null): Readonly<Record<string, JsonSchema>> {
  return (schema?.["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
}

function wordOf(schema: JsonSchema, keyword: string): string | undefined {
  const word = schema[keyword];
  return typeof word === "string" ? word : undefined;
}

/** Parses a variable's text for a field. Invalid text is kept, and refused later. */
function valueOfText(text: string, { type }: JsonSchema): unknown {
  if (type === "array") return text.split(",").map((item) => item.trim());
  const isNumber = type === "number" || type === "integer";
  return isNumber && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
