/** Reads database addresses: a local file or a server. */

import { fileURLToPath } from "node:url";
import { resolve } from "node:path";

/** Whether a database address names a server rather than a file. */
export function isServer(url: string): boolean {
  return !url.startsWith("file:");
}

/** A database address for messages, without its token and user name. */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, "").replace(/\/\/[^/@]*@/, "//");
}

/** The path of a `file:` URL, resolved from the current folder; undefined for servers. */
export function databasePath(url: string): string | undefined {
  if (isServer(url)) return undefined;
  const [withoutQuery = ""] = url.split("?");
  if (withoutQuery.startsWith("file://")) return fileURLToPath(withoutQuery);
  return resolve(decodeURIComponent(withoutQuery.slice("file:".length)));
}
