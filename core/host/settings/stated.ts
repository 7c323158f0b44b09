/** The operator's settings in agents.yaml, by agent id, with checked form and line numbers. */

import { z } from "zod";
import { validate } from "../../yaml/issues.ts";
import type { YamlPath, YamlTree } from "../../yaml/tree.ts";
import { shown } from "../../yaml/wording.ts";

const kinds = ["net", "read", "write", "env", "sys", "run", "ffi", "import"] as const;
const text = z.string().min(1);
const granted = z.array(text).max(1_000).optional();

const count = z.int().min(1);

const StatedForm = z.strictObject({
  file: text.optional(),
  config: z.record(z.string(), z.unknown()).default({}),
  grants: z.strictObject(Object.fromEntries(kinds.map((kind) => [kind, granted]))).default({}),
  isolation: z.enum(["thread", "process", "alone"]).optional(),
  collections: z.strictObject({ values_max: count.optional(), bytes_max: count.optional() })
    .default({}),
});

/** Where the operator wants an agent to run; `alone` means a process that no other agent shares. */
export type StatedIsolation = "thread" | "process" | "alone";

/** Limits of an agent's collections; defaults apply to missing ones. */
export interface StatedBounds {
  readonly values_max?: number | undefined;
  readonly bytes_max?: number | undefined;
}

export interface StatedAgent {
  /** The file that declares it, in the agents folder; no other file gets these settings. */
  readonly file: string | undefined;
  readonly config: Readonly<Record<string, unknown>>;
  /** By kind; replaces what the manifest asks for. */
  readonly grants: Readonly<Record<string, readonly string[] | undefined>>;
  readonly isolation: StatedIsolation | undefined;
  readonly collections: StatedBounds;
  /** The line of each field of `config`. */
  readonly lines: Readonly<Record<string, number>>;
}

/** A problem of an agent's settings. */
export interface SettingProblem {
  /** The variable with the problem; undefined for agents.yaml and for missing values. */
  readonly variable?: string;
  /** The path below the agent's id in agents.yaml; undefined when it is not in the file. */
  readonly path?: YamlPath;
  readonly place: "key" | "value";
  readonly message: string;
}

/** Settings by id. Agents with a malformed entry are reported to the tree and left out. */
export function readStated(tree: YamlTree): ReadonlyMap<string, StatedAgent> {
  const root = tree.valueAt([]);
  // A file with only comments is empty.
  if (root === null || root === undefined) return new Map();
  if (typeof root !== "object" || Array.isArray(root)) {
    tree.report([], `the file must be a mapping of agents by their ids, not ${shown(root)}`);
    return new Map();
  }
  return new Map(
    Object.entries(root).flatMap(([id, value]) => {
      const checked = validate(StatedForm, value, `agent ${shown(id)}`);
      if ("value" in checked) return [[id, withLines(id, checked.value, tree)] as const];
      for (const { path, message, place } of checked.issues) {
        tree.report([id, ...path], message, place);
      }
      return [];
    }),
  );
}

function withLines(
  id: string,
  { file, config, grants, isolation, collections }: z.output<typeof StatedForm>,
  tree: YamlTree,
): StatedAgent {
  const lines = Object.keys(config).map((field) =>
    [field, tree.positionOf([id, "config", field], "key").line] as const
  );
  return { file, config, grants, isolation, collections, lines: Object.fromEntries(lines) };
}
