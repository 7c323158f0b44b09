/**
 * Functions of built-in modules that no agent may call: flags of V8 hold for every thread of the
 * process, and a picture of the heap shows what all agents of a host hold. They need no permission.
 *
 * What a module exports by name can't be replaced, only what its default export holds. So an import
 * of it is led to a module that exports the same by name, from there.
 */

import module, { registerHooks } from "node:module";
import v8 from "node:v8";

const refusedV8 = [
  "setFlagsFromString",
  "getHeapSnapshot",
  "writeHeapSnapshot",
  "setHeapSnapshotNearHeapLimit",
];

/** Puts `refused` in the place of each of them, however they are imported. */
export function guardModules(refused: (name: string) => () => never): void {
  for (const name of refusedV8) replace(v8, name, refused(name));
  // An agent's own hook would come before this one.
  replace(module, "registerHooks", refused("registerHooks"));
  const standIns = new Map([
    ["node:v8", standIn("node:v8", v8)],
    ["node:module", standIn("node:module", module)],
  ]);
  registerHooks({
    resolve(specifier, context, next) {
      const url = standIns.get(specifier.startsWith("node:") ? specifier : `node:${specifier}`);
      const isOwn = url === undefined || context.parentURL === url;
      // What is required is the default export.
      if (isOwn || context.conditions?.includes("require")) return next(specifier, context);
      return { url, shortCircuit: true };
    },
  });
}

/** A module that exports what the default export of `specifier` holds. */
function standIn(specifier: string, exported: object): string {
  const names = Object.keys(exported).filter((name) => name !== "default").join(", ");
  const text = `import all from "${specifier}"; export default all; ` +
    `export const { ${names} } = all;`;
  return `data:text/javascript,${encodeURIComponent(text)}`;
}

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: false });
}
