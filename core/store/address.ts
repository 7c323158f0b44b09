/** A database's address: `file:` and a path, or the URL of a libSQL server. */

/** Whether it names a server, whose connections come and go with each request. */
export function isServer(url: string): boolean {
  return !url.startsWith("file:");
}

/** For messages: without the token and the name that a URL may hold. */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, "").replace(/\/\/[^/@]*@/, "//");
}
