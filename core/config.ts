/**
 * The daemon's configuration: environment variables, validated all at once. The operations page
 * lists them; any other variable that begins with `AC100_` is refused. Variables that configure
 * shipped agents are known by name here and checked against the agents' manifests.
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { closest } from "./closest.ts";
import { AppError } from "./errors.ts";
import { logLevels, type LogThreshold } from "./log.ts";
import { Mask } from "./mask.ts";
import { shippedVariables } from "./shipped.ts";

export interface Config {
  readonly dataFolder: string;
  readonly databaseUrl: string;
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  /** The bearer token; undefined to use the one in the data folder. */
  readonly token: string | undefined;
  readonly agentsFolder: string;
  readonly workflowsFolder: string;
  /** The variables that configure shipped agents, unparsed. */
  readonly agentVariables: Readonly<Record<string, string>>;
  readonly concurrentMax: number;
  /** Executions that may be queued. */
  readonly queueMax: number;
  /** Where agents live unless agents.yaml or their manifest says otherwise. */
  readonly isolation: "auto" | "thread" | "process";
  /** A host without requests for this long ends. */
  readonly hostIdleMs: number;
  /** Process hosts alive at a time. */
  readonly hostsMax: number;
  /** Heap of a process host, in MB. */
  readonly agentHeapMb: number;
  /** By name, without the prefix `AC100_SECRET_`. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Days that ended executions are kept; 0 keeps them forever. */
  readonly retentionDays: number;
  readonly watchdogMs: number;
  readonly shutdownMs: number;
  readonly log: LogThreshold;
  /** Masks the secrets, the token, and what is secret in the database's address. */
  readonly mask: Mask;
  /** What the operator should change some day. */
  readonly notices: readonly string[];
}

function wholeNumber(min: number, max: number, unset: number): z.ZodType<number> {
  return z.string().regex(/^\d+$/, "is not a whole number").transform(Number)
    .refine((n) => n >= min && n <= max, `is not between ${min} and ${max}`).default(unset);
}

function oneOf<const Values extends readonly [string, ...string[]]>(
  values: Values,
  unset: Values[number],
): z.ZodType<Values[number]> {
  return z.enum(values, `is not one of ${values.join(", ")}`).default(unset as never) as never;
}

const Environment = z.object({
  AC100_DATA_DIR: z.string().min(1).default("data"),
  // Without ws: and wss:, because a connection over them has no timeout.
  AC100_DATABASE_URL: z.string().regex(
    /^(file|libsql|https?):/,
    "does not begin with file:, libsql:, https: or http:",
  ).optional(),
  AC100_HOST: z.string().min(1).default("127.0.0.1"),
  AC100_PORT: wholeNumber(0, 65_535, 8_100),
  AC100_TOKEN: z.string().regex(
    /^[!-~]{16,256}$/,
    "is not 16 to 256 printable characters without spaces",
  ).optional(),
  AC100_AGENTS_DIR: z.string().min(1).default("agents"),
  AC100_WORKFLOWS_DIR: z.string().min(1).default("workflows"),
  AC100_MAX_CONCURRENT: wholeNumber(1, 1_000, 5),
  AC100_QUEUE_MAX: wholeNumber(1, 10_000_000, 100_000),
  AC100_ISOLATION: oneOf(["auto", "thread", "process", "worker"], "auto"),
  AC100_HOST_IDLE_SECONDS: wholeNumber(1, 86_400, 300),
  AC100_HOSTS_MAX: wholeNumber(1, 1_000, 16),
  AC100_AGENT_HEAP_MB: wholeNumber(32, 65_536, 256),
  AC100_RETENTION_DAYS: wholeNumber(0, 36_500, 90),
  AC100_WATCHDOG_SECONDS: wholeNumber(1, 3_600, 5),
  AC100_SHUTDOWN_SECONDS: wholeNumber(0, 3_600, 10),
  AC100_LOG: oneOf(logLevels, "info"),
  // Read by main.ts before anything else is loaded.
  AC100_SUPERVISE: oneOf(["1", "0"], "1"),
});

/** The prefix of secrets: `AC100_SECRET_API_KEY` is the secret `API_KEY`. */
const secretPrefix = "AC100_SECRET_";

/** Variables of the CLI, which the daemon ignores. */
const foreignNames: readonly string[] = ["AC100_URL"];

/**
 * Reads the configuration.
 * @throws {AppError} `invalid_config`, listing every problem.
 */
export function readConfig(environment: Readonly<Record<string, string>>): Config {
  const known = [...Object.keys(Environment.shape), ...shippedVariables, ...foreignNames];
  const ours = Object.entries(environment).filter(([name]) =>
    name.startsWith("AC100_") && !name.startsWith(secretPrefix)
  );
  const problems = ours.filter(([name]) => !known.includes(name)).map(([name]) => {
    const near = closest(name, known);
    return `${name}: is not a setting${near ? `; did you mean ${near}?` : ""}`;
  });
  const set = ours.filter(([, value]) => value !== "");
  const parsed = Environment.safeParse(Object.fromEntries(set));
  if (!parsed.success || problems.length > 0) {
    for (const { path, message } of parsed.error?.issues ?? []) {
      problems.push(`${path.join(".")}: ${message}`);
    }
    throw new AppError("invalid_config", `Cannot read the configuration: ${problems.join("; ")}`, {
      details: { problems },
    });
  }
  const agentVariables = set.filter(([name]) => shippedVariables.includes(name));
  return {
    ...toConfig(parsed.data, readSecrets(environment), Object.fromEntries(agentVariables)),
    mask: maskOf(environment),
  };
}

function readSecrets(environment: Readonly<Record<string, string>>): Record<string, string> {
  const named = Object.entries(environment).filter(([name]) => name.startsWith(secretPrefix));
  return Object.fromEntries(named.map(([name, value]) => [name.slice(secretPrefix.length), value]));
}

/** Masks every secret of an environment, also of one that is no valid configuration. */
export function maskOf(environment: Readonly<Record<string, string>>): Mask {
  const { AC100_TOKEN: token = "", AC100_DATABASE_URL: url = "" } = environment;
  const ofUrl = [/[?&]authToken=([^&#]+)/i, /\/\/([^/@]+)@/].flatMap((pattern) => {
    const [, found] = pattern.exec(url) ?? [];
    return found === undefined ? [] : [found, decodeURIComponent(found)];
  });
  const others = Object.fromEntries([token, ...ofUrl].map((value, at) => [at, value]));
  return new Mask({ ...readSecrets(environment), ...others });
}

function toConfig(
  values: z.output<typeof Environment>,
  secrets: Readonly<Record<string, string>>,
  agentVariables: Readonly<Record<string, string>>,
): Omit<Config, "mask"> {
  const dataFolder = resolve(values.AC100_DATA_DIR);
  return {
    dataFolder,
    databaseUrl: values.AC100_DATABASE_URL ?? pathToFileURL(resolve(dataFolder, "100ac.db")).href,
    host: values.AC100_HOST,
    port: values.AC100_PORT,
    token: values.AC100_TOKEN,
    agentsFolder: resolve(values.AC100_AGENTS_DIR),
    workflowsFolder: resolve(values.AC100_WORKFLOWS_DIR),
    agentVariables,
    concurrentMax: values.AC100_MAX_CONCURRENT,
    queueMax: values.AC100_QUEUE_MAX,
    isolation: values.AC100_ISOLATION === "worker" ? "thread" : values.AC100_ISOLATION,
    hostIdleMs: values.AC100_HOST_IDLE_SECONDS * 1_000,
    hostsMax: values.AC100_HOSTS_MAX,
    agentHeapMb: values.AC100_AGENT_HEAP_MB,
    secrets,
    retentionDays: values.AC100_RETENTION_DAYS,
    watchdogMs: values.AC100_WATCHDOG_SECONDS * 1_000,
    shutdownMs: values.AC100_SHUTDOWN_SECONDS * 1_000,
    log: values.AC100_LOG,
    notices: values.AC100_ISOLATION === "worker"
      ? ["AC100_ISOLATION=worker is now called AC100_ISOLATION=thread"]
      : [],
  };
}
