/**
 * An agent's grants: what its manifest asks for, completed from its configuration, or what
 * agents.yaml states instead. A kind of permission that the manifest does not ask for is never
 * granted.
 */

import { isAbsolute } from "node:path";
import type { FromConfig } from "../../sdk/agent.ts";
import { shown, suggestion } from "../../yaml/wording.ts";
import { type Grants, type Manifest, normalize } from "../manifest/manifest.ts";
import { whyNotGranted } from "../manifest/permission.ts";
import type { SettingProblem } from "./stated.ts";

export interface Granted {
  readonly grants: Grants;
  readonly problems: readonly SettingProblem[];
}

/**
 * `values` is the configuration in force, by field; `stated` the grants in agents.yaml, by kind.
 */
export function grantsOf(
  { id, permissions }: Manifest,
  values: ReadonlyMap<string, unknown>,
  stated: Readonly<Record<string, readonly string[] | undefined>>,
): Granted {
  const problems: SettingProblem[] = [];
  const granted: Record<string, readonly string[]> = {};
  for (const [kind, wanted] of Object.entries(permissions)) {
    granted[kind] = wanted.flatMap((one) =>
      typeof one === "string" ? [one] : fromField(kind, one, values, problems)
    );
  }
  for (const [kind, items = []] of Object.entries(stated)) {
    if (!Object.hasOwn(permissions, kind)) {
      const asked = Object.keys(permissions);
      const message = `agent "${id}" asks for no ${kind}, so none can be granted` +
        suggestion(kind, asked);
      problems.push({ path: ["grants", kind], place: "key", message });
      continue;
    }
    granted[kind] = items;
    items.forEach((item, index) => {
      const found = whyNot(kind, item);
      if (found === undefined) return;
      const message = `${shown(item)} ${found}`;
      problems.push({ path: ["grants", kind, index], place: "value", message });
    });
  }
  return { grants: normalize(granted), problems };
}

/**
 * The grants that follow from a configuration field; invalid ones become problems of that field.
 */
function fromField(
  kind: string,
  { config, otherwise = [] }: FromConfig,
  values: ReadonlyMap<string, unknown>,
  problems: SettingProblem[],
): readonly string[] {
  const value = values.get(config);
  if (value === undefined || value === null) return otherwise;
  return [value].flat().flatMap((item) => {
    const grant = kind === "net" ? addressOf(item) : item;
    const found = typeof grant === "string" ? whyNot(kind, grant) : "is not a text";
    if (typeof grant === "string" && found === undefined) return [grant];
    const why = kind === "net" ? "is not an http(s) URL, host or host:port" : found;
    const message = `${shown(config)} is ${shown(item)}, which ${why}`;
    problems.push({ path: ["config", config], place: "value", message });
    return [];
  });
}

/** Turns `https://example.com/x` into `example.com:443`; returns other values unchanged. */
function addressOf(value: unknown): unknown {
  if (typeof value !== "string" || !/^https?:\/\//.test(value) || !URL.canParse(value)) {
    return value;
  }
  const { hostname, port, protocol } = new URL(value);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

/** Why an item cannot be granted; undefined when it can. */
function whyNot(kind: string, item: string): string | undefined {
  const isPath = kind === "read" || kind === "write";
  if (isPath && !isAbsolute(item)) return "is not an absolute path";
  return whyNotGranted(kind, item);
}
