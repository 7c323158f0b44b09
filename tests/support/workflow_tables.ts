/** The keys of workflow files as rows of a table, to which the pages are held. */

import { editorSchema } from "../../core/workflow/form/editor_schema.ts";

/** `key`, default, meaning. */
export type KeyRow = readonly [string, string, string];

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly description?: string;
  readonly default?: unknown;
}

/** Of a part of the language, by its name in the schema: `step`, `retry`, … */
export function keyRows(part: string): readonly KeyRow[] {
  const { $defs = {} } = editorSchema() as { readonly $defs?: Readonly<Record<string, Schema>> };
  const whole = $defs[part] ?? {};
  const { properties = {}, required = [] } = whole.properties ? whole : whole.anyOf?.[0] ?? {};
  return Object.entries(properties).map(([key, { description = "", ...schema }]) => [
    `\`${key}\``,
    required.includes(key) ? "required" : defaultText(schema.default),
    description,
  ]);
}

function defaultText(value: unknown): string {
  if (value === undefined) return "";
  return `\`${typeof value === "string" && value !== "" ? value : JSON.stringify(value)}\``;
}

if (import.meta.main) {
  const rows = keyRows(Deno.args[0] ?? "workflow").map((cells) => `| ${cells.join(" | ")} |`);
  const text = ["| key | default | meaning |", "| --- | --- | --- |", ...rows, ""].join("\n");
  await Deno.stdout.write(new TextEncoder().encode(text));
}
