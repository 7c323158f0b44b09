/**
 * The list of the agents that ship with the release, made of what they declare:
 * `deno task agents:shipped` writes it to agents/shipped.json, and a test holds the file to it.
 */

import { fileURLToPath } from "node:url";
import { readContent } from "../../core/host/files/content.ts";
import { findAgentFiles } from "../../core/host/files/find.ts";
import { readManifest } from "../../core/host/manifest/manifest.ts";
import { toFileUrl } from "../../core/host/url.ts";

export const shippedFile = new URL("../../agents/shipped.json", import.meta.url);

/** The text of the list. In the release's folder all agents are the release's. */
export async function shippedText(): Promise<string> {
  const folder = fileURLToPath(new URL("../../agents", import.meta.url));
  const { files } = await findAgentFiles(folder);
  const agents = await Promise.all(files.map(async ({ name: file, path }) => {
    const module = await import(toFileUrl(path)) as { default?: unknown };
    const { id, config } = readManifest(module.default, file);
    const fields = Object.values((config?.["properties"] ?? {}) as Record<string, object>);
    const variables = fields.flatMap((field) => "env" in field ? [String(field.env)] : []);
    const { hash } = await readContent(folder, path);
    return [id, { file, hash, variables }] as const;
  }));
  return `${JSON.stringify(Object.fromEntries(agents), null, 2)}\n`;
}

if (import.meta.main) {
  await Deno.writeTextFile(shippedFile, await shippedText());
}
