/** `deno task workflows:schema`: writes `workflows/schema.json`, for editors. */

import { editorSchema } from "../../core/workflow/form/editor_schema.ts";

/** Where it is kept. */
export const schemaFile = new URL("../../workflows/schema.json", import.meta.url);

/** The text of the file. */
export function schemaText(): string {
  return `${JSON.stringify(editorSchema(), null, 2)}\n`;
}

if (import.meta.main) await Deno.writeTextFile(schemaFile, schemaText());
