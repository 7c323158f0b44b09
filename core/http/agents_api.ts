/** What the API answers of agents; the routes are listed in `api.ts`. */

import type { AgentStatus } from "../statuses.ts";

export interface CapabilityView {
  readonly name: string;
  readonly description: string;
  readonly idempotent: boolean;
  /** JSON Schemas. */
  readonly input: unknown;
  readonly output: unknown;
}

export interface AgentView {
  /** The manifest's id; the file's path for a file that gave none. */
  readonly id: string;
  readonly file: string;
  readonly description: string;
  readonly status: AgentStatus;
  /** Why it is failed or refused; or why not its newest version but the one before serves. */
  readonly reason: string | null;
  /** When the version that serves was written, where its file is broken now; else null. */
  readonly serves_version_of: string | null;
  readonly capabilities: readonly CapabilityView[];
  /** The market source that it is; null for other agents. */
  readonly source: string | null;
  /** Every field of its configuration, with the value in force; null: it has none. */
  readonly config: readonly ConfigFieldView[];
  /** What it is granted. */
  readonly permissions: Readonly<Record<string, readonly string[]>>;
  /** Names of the secrets it is given. */
  readonly secrets: readonly string[];
  readonly isolation: "thread" | "process";
  /** Whose code it is: the release's, the release's after a change, or the user's. */
  readonly origin: "shipped" | "edited" | "yours";
  readonly subscriptions: readonly string[];
  /** The host it lives in; null before its first use. */
  readonly host: string | null;
  readonly messages: number;
  readonly errors: number;
  readonly last_error: string | null;
  readonly cache: CacheView;
  /** What it keeps for good: what it declares, and what it declared before and is kept. */
  readonly collections: readonly CollectionView[];
}

export interface CollectionView {
  readonly name: string;
  /** Fields that a value is found by. */
  readonly key: readonly string[];
  readonly history: boolean;
  /** What is older is forgotten; null: nothing is. */
  readonly retain_days: number | null;
  /** False: the manifest has none of this name and key any more. */
  readonly declared: boolean;
  /** Of all versions of all values together. */
  readonly values: number;
  readonly bytes: number;
  /** Values that do not fit the schema. */
  readonly misfits: number;
  /** False while values are held to a schema that has changed. */
  readonly checked: boolean;
}

export interface ConfigFieldView {
  readonly name: string;
  readonly value: unknown;
  /** `default`, a variable's name, or a place such as `agents.yaml:12`. */
  readonly from: string;
}

/** How often a cached value answered. */
export interface CacheView {
  readonly hits: number;
  readonly misses: number;
  /** 0 to 1; null before the first question. */
  readonly hit_rate: number | null;
}
