/** What a database's address says: which file, or that it is a server. */

import { fileURLToPath } from "node:url";
import { resolve } from "node:path";

/** Whether a database's address names a server, and not a file. */
export function isServer(url: string): boolean {
  return !url.startsWith("file:");
}

/** A database's address for messages: without the token and the name that it may hold. */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, "").replace(/\/\/[^/@]*@/, "//");
}

/** The path of a `file:` URL, relative ones from the current folder; undefined for servers. */
export function databasePath(url: string): string | undefined {
  if (isServer(url)) return undefined;
  const [withoutQuery = ""] = url.split("?");
  if (withoutQuery.startsWith("file://")) return fileURLToPath(withoutQuery);
  return resolve(decodeURIComponent(withoutQuery.slice("file:".length)));
}
