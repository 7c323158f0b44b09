/**
 * An agent's manifest: its declaration as plain JSON. Zod schemas cannot cross threads, so
 * capabilities travel as JSON Schema. The host's zod schemas decide; everything else (checks,
 * forms, docs) works from the manifest.
 */

import { z } from "zod";
import { closest } from "../../closest.ts";
import { AppError, messageOf } from "../../errors.ts";
import type { AgentDefinition, FromConfig, Isolation, Permissions } from "../../sdk/agent.ts";
import {
  collectionForm,
  type CollectionManifest,
  CollectionRead,
  toCollectionManifest,
} from "./collections.ts";
import { whyNotGranted } from "./permission.ts";

export interface CapabilityManifest {
  readonly name: string;
  readonly description: string;
  readonly idempotent: boolean;
  /** JSON Schema of the input; a closed object. */
  readonly input: JsonSchema;
  /** JSON Schema of the output. */
  readonly output: JsonSchema;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

/** The kinds of permission, each with a list; empty kinds are left out. */
type ByKind<Of> = Readonly<Partial<Record<keyof Permissions, readonly Of[]>>>;
/** Permissions that are granted. */
export type Grants = ByKind<string>;
/** Permissions that are asked for; some of them depend on the agent's configuration. */
export type Wanted = ByKind<string | FromConfig>;

export interface Manifest {
  readonly id: string;
  readonly description: string;
  readonly permissions: Wanted;
  readonly secrets: readonly string[];
  /** null: where the daemon puts it. */
  readonly isolation: Isolation | null;
  /** The market source this agent is; null for other agents. */
  readonly source: string | null;
  /** Whether the source's data is made up. */
  readonly simulated: boolean;
  /** JSON Schema of its configuration, a closed object; null when it has none. */
  readonly config: JsonSchema | null;
  /** The collections it keeps. */
  readonly collections: readonly CollectionManifest[];
  readonly capabilities: readonly CapabilityManifest[];
  /** Topics it handles. */
  readonly subscriptions: readonly string[];
}

/** Ids that no agent may have: the daemon serves and publishes under them. */
export const reservedIds: ReadonlySet<string> = new Set([
  "agent",
  "cache",
  "collections",
  "daemon",
  "execution",
  "firing",
  "host",
  "market",
  "step",
  "system",
  "workflow",
]);

/**
 * Whether agents may publish under a topic: reserved prefixes belong to the daemon. A topic of
 * another type comes from an agent that is not typed, and is refused where it is used.
 */
export function mayAgentPublish(topic: string): boolean {
  const [prefix = ""] = String(topic).split(".");
  return !reservedIds.has(prefix);
}

/** Characters of a manifest as JSON, which is stored and shown in full by the control plane. */
const charactersMax = 512 * 1024;

const name = z.string().regex(/^[a-z][a-z0-9_]*$/, "must match [a-z][a-z0-9_]*");
const text = z.string().min(1);
const fromConfig = z.strictObject({ config: text, otherwise: z.array(text).optional() });
const fn = z.custom<CallableFunction>((value) => typeof value === "function", "must be a function");
const schema = z.custom<z.ZodType>(isZod, "must be a zod schema");
const objectSchema = z.custom<z.ZodObject>(
  (value) => isZod(value) && value instanceof z.ZodObject,
  "must be a z.object(…) schema",
);

/** The items of a kind of permission. */
function wantedOf(kind: string) {
  const item = text.superRefine((item, context) => {
    const found = whyNotGranted(kind, item);
    if (found !== undefined) context.addIssue({ code: "custom", message: found });
  });
  const ofConfig = z.strictObject({ config: text, otherwise: z.array(item).optional() });
  return z.array(z.union([item, ofConfig])).optional();
}

const Definition = z.strictObject({
  id: name.refine((id) => !reservedIds.has(id), "is reserved for the daemon"),
  description: text,
  permissions: z.strictObject({
    net: wantedOf("net"),
    read: wantedOf("read"),
    write: wantedOf("write"),
    env: wantedOf("env"),
    sys: wantedOf("sys"),
    run: wantedOf("run"),
    ffi: wantedOf("ffi"),
    import: wantedOf("import"),
  }).optional(),
  secrets: z.array(z.string().regex(/^[A-Z][A-Z0-9_]*$/, "must match [A-Z][A-Z0-9_]*")).optional(),
  // "worker" is what earlier releases called the default.
  isolation: z.enum(["process", "alone", "worker"]).optional(),
  source: name.optional(),
  simulated: z.boolean().optional(),
  config: objectSchema.optional(),
  collections: collectionForm(name, objectSchema).optional(),
  capabilities: z.record(
    name,
    z.strictObject({
      description: text,
      input: objectSchema,
      output: schema,
      idempotent: z.boolean().optional(),
      examples: z.record(text, z.record(z.string(), z.unknown())).optional(),
      run: fn,
    }),
  ),
  on: z.record(text, fn).optional(),
});

/**
 * The manifest of a file's default export.
 * @throws {AppError} `invalid_manifest`, with the file and every wrong key.
 */
export function readManifest(exported: unknown, file: string): Manifest {
  if (exported === undefined) {
    throw invalid(file, ["default export: is missing; write `export default defineAgent({ … })`"]);
  }
  const checked = Definition.safeParse(exported, { reportInput: true });
  if (!checked.success) throw invalid(file, checked.error.issues.map(describeIssue));
  const definition = exported as AgentDefinition;
  const { id, source = id } = definition;
  const problems = source === id
    ? []
    : [`source: is "${source}"; a source has its agent's id, "${id}"`];
  const capabilities = Object.entries(definition.capabilities).map(([name, capability]) => ({
    name,
    description: capability.description,
    idempotent: capability.idempotent ?? false,
    input: convert(capability.input.strict(), "input", `capabilities.${name}.input`, problems),
    output: convert(capability.output, "output", `capabilities.${name}.output`, problems),
  }));
  const config = definition.config
    ? convert(definition.config.strict(), "input", "config", problems)
    : null;
  const collections = Object.entries(definition.collections ?? {}).map(([name, collection]) =>
    toCollectionManifest(
      name,
      collection,
      (schema, io, at) => convert(schema, io, at, problems),
      problems,
    )
  );
  problems.push(...fieldProblems(definition));
  if (problems.length > 0) throw invalid(file, problems);
  const manifest: Manifest = {
    id: definition.id,
    description: definition.description,
    permissions: normalize<string | FromConfig>({ ...definition.permissions }),
    secrets: [...new Set(definition.secrets)].sort(),
    isolation: readIsolation(definition.isolation),
    source: definition.source ?? null,
    simulated: definition.simulated ?? false,
    config,
    collections,
    capabilities,
    subscriptions: Object.keys(definition.on ?? {}).sort(),
  };
  const { length } = JSON.stringify(manifest);
  if (length <= charactersMax) return manifest;
  throw invalid(file, [`it has ${length} characters as JSON, over ${charactersMax}`]);
}

function readIsolation(stated: string | undefined): Isolation | null {
  return stated === "process" || stated === "alone" ? stated : null;
}

const jsonSchema = z.record(z.string(), z.unknown());
const Read = z.object({
  id: name,
  description: text,
  permissions: z.record(z.string(), z.array(z.union([text, fromConfig]))),
  secrets: z.array(text),
  isolation: z.enum(["process", "alone"]).nullable(),
  source: name.nullable(),
  simulated: z.boolean(),
  config: jsonSchema.nullable(),
  collections: z.array(CollectionRead),
  capabilities: z.array(z.object({
    name,
    description: text,
    idempotent: z.boolean(),
    input: jsonSchema,
    output: jsonSchema,
  })),
  subscriptions: z.array(text),
}).refine(({ id, source }) => source === null || source === id);

/** Whether a value from a process that ran agents has the form of a manifest. */
export function isManifest(value: unknown): value is Manifest {
  return Read.safeParse(value).success;
}

/** Sorts permissions and drops empty kinds, so that equal sets have equal JSON. */
export function normalize<Of extends string | FromConfig>(
  permissions: Readonly<Record<string, readonly Of[] | undefined>>,
): ByKind<Of> {
  const kinds = Object.entries(permissions)
    .flatMap(([kind, wanted = []]) => wanted.length > 0 ? [[kind, inOrder(wanted)] as const] : [])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(kinds);
}

function inOrder<Of>(wanted: readonly Of[]): readonly Of[] {
  const byText = new Map(wanted.map((one) => [JSON.stringify(one), one]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** Permissions that refer to a missing field of the configuration. */
function fieldProblems({ permissions = {}, config }: AgentDefinition): string[] {
  const fields = Object.keys(config?.shape ?? {});
  return Object.entries(permissions).flatMap(([kind, wanted = []]) =>
    (wanted as readonly (string | FromConfig)[]).flatMap((one) => {
      if (typeof one === "string" || fields.includes(one.config)) return [];
      const near = closest(one.config, fields);
      const found = `names the field "${one.config}", which config does not have`;
      return [`permissions.${kind}: ${found}${near ? `; did you mean "${near}"?` : ""}`];
    })
  );
}

function convert(
  schema: z.ZodType,
  io: "input" | "output",
  key: string,
  problems: string[],
): JsonSchema {
  try {
    return z.toJSONSchema(schema, { io }) as JsonSchema;
  } catch (thrown) {
    problems.push(
      `${key}: does not convert to JSON Schema (${messageOf(thrown)}); ` +
        `use JSON types, z.iso.datetime() for dates`,
    );
    return {};
  }
}

function isZod(value: unknown): value is z.ZodType {
  return typeof value === "object" && value !== null && "_zod" in value;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const at = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${at ? `${at}.${key}` : key}: is not a key of a manifest`)
      .join("; ");
  }
  if (issue.code === "invalid_union") {
    // For a text, the problem of the text branch; for anything else, that of the object branch.
    const [inner] = issue.errors[typeof issue.input === "string" ? 0 : 1] ?? [];
    if (inner) return describeIssue({ ...inner, path: [...issue.path, ...inner.path] });
  }
  if (issue.code === "invalid_key") return `${at}: ${issue.issues[0]?.message ?? issue.message}`;
  const isMissing = issue.input === undefined;
  return `${at || "default export"}: ${isMissing ? "is missing" : lowerFirst(issue.message)}`;
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

function invalid(file: string, problems: readonly string[]): AppError {
  return new AppError(
    "invalid_manifest",
    `Cannot load agent "${file}": ${problems.join("; ")}`,
    { details: { file, problems } },
  );
}
