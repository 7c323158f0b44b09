/** A temporary workflows folder, gone at the end of the test. */

import { join } from "node:path";

export interface TestFolder extends AsyncDisposable {
  readonly path: string;
  read(name: string): Promise<string>;
  /** Names in the folder, sorted, hidden ones too. */
  names(): Promise<readonly string[]>;
}

/** `files`: their texts by name. */
export async function workflowFolder(
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<TestFolder> {
  const path = await Deno.makeTempDir({ prefix: "100ac-workflows-" });
  for (const [name, content] of Object.entries(files)) {
    if (typeof content === "string") await Deno.writeTextFile(join(path, name), content);
    else await Deno.writeFile(join(path, name), content);
  }
  return {
    path,
    read: (name) => Deno.readTextFile(join(path, name)),
    async names() {
      const entries = await Array.fromAsync(Deno.readDir(path));
      return entries.map(({ name }) => name).sort();
    },
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** The text of a workflow of one step. */
export function workflowOf(name: string, description = "d"): string {
  return `name: ${name}
description: ${description}
steps:
  - { name: s, agent: a, capability: c }
`;
}
