/** File URLs, for dynamic imports and worker entries. */

import { pathToFileURL } from "node:url";

export function toFileUrl(path: string): string {
  return pathToFileURL(path).href;
}
