/**
 * Seals a host of the past. Once its agents' code is loaded, it may read no more files, and no
 * agent runs before that. Agents may import only the Node modules that compute; the others give
 * access to the disk, to other threads, to running clocks, and to realms with clocks of their own.
 */

import process from "node:process";
import { registerHooks } from "node:module";
import { AppError } from "../../errors.ts";

/** Modules without clocks, files, connections or realms; their names without `node:`. */
const harmless: ReadonlySet<string> = new Set([
  ...["assert", "assert/strict", "buffer", "crypto", "events", "path", "path/posix"],
  ...["path/win32", "punycode", "querystring", "stream", "stream/promises", "stream/web"],
  ...["string_decoder", "url", "util/types", "zlib"],
]);

/** Called once in a host of the past, before {@link harden}, which refuses further hooks. */
export function sealModules(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      refuseModule(resolved.url);
      return resolved;
    },
  });
  for (const name of ["getBuiltinModule", "binding"]) {
    fix(process, name, () => {
      throw refusal(`call process.${name}`);
    });
  }
  // A leftover of Node's bootstrap that could create fresh globals.
  fix(globalThis, "nodeBootstrap", undefined);
  // Locks and spans are shared with threads of the present.
  fix(Object.getPrototypeOf(navigator) as object, "locks", undefined);
  fix(Deno, "telemetry", undefined);
}

const stop = new Error("loaded, and not run");
const stopName = "100ac.stop";

/**
 * Loads the module at `url` and its static imports without running any of it: the first module of
 * the graph throws. Later imports find the modules loaded.
 * @throws the error of a module that does not load.
 */
export async function loadOnly(url: string): Promise<void> {
  Object.defineProperty(globalThis, Symbol.for(stopName), { value: stop, configurable: true });
  const thrower = dataUrl(`throw globalThis[Symbol.for("${stopName}")];`);
  try {
    await import(dataUrl(`import "${thrower}"; import ${JSON.stringify(url)};`));
  } catch (thrown) {
    if (thrown !== stop) throw thrown;
  } finally {
    Reflect.deleteProperty(globalThis, Symbol.for(stopName));
  }
}

/** Revokes read access, after which agents may run. */
export function sealFiles(): void {
  const { state } = Deno.permissions.revokeSync({ name: "read" });
  if (state === "granted") throw refusal("let agents run: files can still be read");
}

function refuseModule(url: string): void {
  if (!url.startsWith("node:") || harmless.has(url.slice("node:".length))) return;
  throw refusal(`import ${url}`);
}

function refusal(what: string): AppError {
  return new AppError("as_of_refused", `Cannot ${what}: this host lives at an earlier instant`);
}

function dataUrl(text: string): string {
  return `data:text/javascript,${encodeURIComponent(text)}`;
}

function fix(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: false, writable: false });
}
