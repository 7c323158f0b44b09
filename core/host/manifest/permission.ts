/** What may stand in a list of permissions, so that a process can be started with it. */

const address = /^(\[[0-9a-f:.]+\]|(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)(:\d{1,5})?$/i;

/** The kinds of `sys` of the runtime. */
const sysKinds: ReadonlySet<string> = new Set([
  ...["hostname", "osRelease", "osUptime", "loadavg", "networkInterfaces", "systemMemoryInfo"],
  ...["uid", "gid", "cpus", "homedir", "statfs", "username", "userInfo", "getegid", "getPriority"],
  "setPriority",
]);

/** Why an item cannot be granted, whoever asks for it; undefined when it can. */
export function whyNotGranted(kind: string, item: string): string | undefined {
  // In the flags of a process, a comma separates two grants.
  if (item.includes(",")) return "contains a comma";
  if ((kind === "net" || kind === "import") && !address.test(item)) {
    return "is not a host or host:port";
  }
  if (kind === "sys" && !sysKinds.has(item)) return "is not a kind of sys";
  return undefined;
}
