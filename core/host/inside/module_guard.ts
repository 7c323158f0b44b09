/**
 * Refuses functions of built-in modules that need no permission but affect every agent: V8 flags
 * apply to every thread of the process, and a heap snapshot shows the data of all agents in a host.
 *
 * Only a module's default export can be modified, not its named exports. So imports are redirected
 * to a module that takes its named exports from the default export.
 */

import module, { registerHooks } from "node:module";
import v8 from "node:v8";

const refusedV8 = [
  "setFlagsFromString",
  "getHeapSnapshot",
  "writeHeapSnapshot",
  "setHeapSnapshotNearHeapLimit",
];

/** Replaces each of these functions by `refused`, however they are imported. */
export function guardModules(refused: (name: string) => () => never): void {
  for (const name of refusedV8) replace(v8, name, refused(name));
  // Otherwise an agent could register a hook that runs before this one.
  replace(module, "registerHooks", refused("registerHooks"));
  const standIns = new Map([
    ["node:v8", standIn("node:v8", v8)],
    ["node:module", standIn("node:module", module)],
  ]);
  registerHooks({
    resolve(specifier, context, next) {
      const url = standIns.get(specifier.startsWith("node:") ? specifier : `node:${specifier}`);
      const isOwn = url === undefined || context.parentURL === url;
      // `require` returns the default export, which is already guarded.
      if (isOwn || context.conditions?.includes("require")) return next(specifier, context);
      return { url, shortCircuit: true };
    },
  });
}

/** A module whose named exports are the properties of the default export of `specifier`. */
function standIn(specifier: string, exported: object): string {
  const names = Object.keys(exported).filter((name) => name !== "default").join(", ");
  const text = `import all from "${specifier}"; export default all; ` +
    `export const { ${names} } = all;`;
  return `data:text/javascript,${encodeURIComponent(text)}`;
}

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: false });
}
