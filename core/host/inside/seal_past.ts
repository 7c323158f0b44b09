/**
 * Shuts a host of the past: once its agents' code is loaded, it may read nothing more, and no agent
 * runs before that. Of Node's modules its agents get those that compute; the others lead to the
 * disk, to other threads, to clocks that run, and to realms with clocks of their own.
 */

import process from "node:process";
import { registerHooks } from "node:module";
import { AppError } from "../../errors.ts";

/** Modules without a clock, a file, a way out or a realm, as they are named after `node:`. */
const harmless: ReadonlySet<string> = new Set([
  ...["assert", "assert/strict", "buffer", "crypto", "events", "path", "path/posix"],
  ...["path/win32", "punycode", "querystring", "stream", "stream/promises", "stream/web"],
  ...["string_decoder", "url", "util/types", "zlib"],
]);

/** Called once, in a host of the past, before {@link harden}, which lets no hook follow. */
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
  // What is left of the start of Node's globals could make new ones.
  fix(globalThis, "nodeBootstrap", undefined);
  // Locks and spans are shared with the threads of now.
  fix(Object.getPrototypeOf(navigator) as object, "locks", undefined);
  fix(Deno, "telemetry", undefined);
}

const stop = new Error("loaded, and not run");
const stopName = "100ac.stop";

/**
 * Loads the module at `url` with all that it imports statically, and runs none of it: the first
 * module of the graph throws. What is imported later finds it loaded.
 * @throws what is wrong with a module of the graph.
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

/** From here on no file can be read: agents may run. */
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
