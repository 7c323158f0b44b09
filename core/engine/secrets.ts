/** The secrets that a workflow may use: those it names, if the daemon has them. */

import { AppError } from "../errors.ts";
import type { Workflow } from "../workflow/definition.ts";

type Secrets = Readonly<Record<string, string>>;

/** By name; secrets that are not set are left out. */
export function secretsOf({ secrets: named }: Workflow, all: Secrets): Secrets {
  return Object.fromEntries(
    named.flatMap((name) => Object.hasOwn(all, name) && all[name] ? [[name, all[name]]] : []),
  );
}

/** @throws {AppError} `invalid_config` naming every secret that is not set. */
export function requireSecrets(workflow: Workflow, all: Secrets): void {
  const set = secretsOf(workflow, all);
  const missing = workflow.secrets.filter((name) => !Object.hasOwn(set, name));
  if (missing.length === 0) return;
  const names = missing.map((name) => `"${name}"`).join(", ");
  throw new AppError(
    "invalid_config",
    `Cannot start workflow "${workflow.name}": it names ${names}, which the daemon does not ` +
      `have; set ${missing.map((name) => `AC100_SECRET_${name}`).join(", ")} and restart it`,
  );
}
