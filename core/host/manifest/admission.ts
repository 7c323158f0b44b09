/** Whether the daemon can give an agent what it asks for. */

import type { Grants } from "./manifest.ts";

/** Why an agent is refused; undefined when it may run. */
export function whyRefused(
  grants: Grants,
  secretNames: readonly string[],
  secrets: Readonly<Record<string, string>>,
): string | undefined {
  const lacking = Object.entries(grants).flatMap(([kind, granted]) =>
    (granted ?? []).filter((what) => !mayGrant(kind, what)).map((what) => `${kind} ${what}`)
  );
  if (lacking.length > 0) {
    return `it asks for ${lacking.join(", ")}, which the daemon itself does not have; ` +
      `grant it to the daemon, or remove it from the manifest`;
  }
  const unset = secretNames.filter((name) => secrets[name] === undefined);
  if (unset.length > 0) {
    return `it names secrets that are not set; set ${
      unset.map((name) => `AC100_SECRET_${name}`).join(", ")
    }`;
  }
  return undefined;
}

/** Why an agent cannot answer as of an earlier instant; undefined when it can. */
export function whyNotAsOf({ net = [] }: Grants): string | undefined {
  if (net.length === 0) return undefined;
  return `it reads present data from ${net.join(", ")}; use its stored data instead`;
}

function mayGrant(kind: string, what: string): boolean {
  return Deno.permissions.querySync(descriptor(kind, what)).state === "granted";
}

function descriptor(kind: string, what: string): Deno.PermissionDescriptor {
  switch (kind) {
    case "net":
    case "import":
      return { name: kind, host: what } as Deno.PermissionDescriptor;
    case "env":
      return { name: kind, variable: what };
    case "run":
      return { name: kind, command: what };
    case "sys":
      return { name: kind, kind: what } as Deno.PermissionDescriptor;
    default:
      return { name: kind, path: what } as Deno.PermissionDescriptor;
  }
}
