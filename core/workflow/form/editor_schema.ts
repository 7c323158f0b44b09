/**
 * The JSON Schema of workflow files, for editors that complete and check while one types. It is
 * made of the form that files are read with; `workflows/schema.json` is what this gave.
 */

import { z } from "zod";
import { WorkflowForm } from "./form.ts";
import type { JsonSchema } from "../../yaml/json_schema.ts";

/** Of a file: one workflow, or several under `workflows`. */
export function editorSchema(): JsonSchema {
  const { $schema, $defs, ...workflow } = z.toJSONSchema(WorkflowForm, {
    io: "input",
    // what a refinement says, an editor can't know
    unrepresentable: "any",
    // the library leaves out the default of what is read into something else
    override: ({ jsonSchema }) => {
      const { initial } = jsonSchema;
      if (initial === undefined) return;
      delete jsonSchema["initial"];
      jsonSchema.default = initial as typeof jsonSchema.default;
    },
  });
  return {
    $schema,
    title: "100AC workflows",
    description: "A workflow, or a list of them under `workflows`",
    anyOf: [
      { $ref: "#/$defs/workflow" },
      {
        type: "object",
        properties: { workflows: { type: "array", items: { $ref: "#/$defs/workflow" } } },
        required: ["workflows"],
        additionalProperties: false,
      },
    ],
    $defs: { ...$defs, workflow: withSingleSchedule(workflow) },
  };
}

/** One schedule may stand without its list, which the form takes care of before it looks. */
function withSingleSchedule(workflow: JsonSchema): JsonSchema {
  const properties = workflow["properties"] as Readonly<Record<string, JsonSchema>>;
  const { description, ...list } = properties["schedule"] ?? {};
  const schedule = { description, anyOf: [list["items"], list] };
  return { ...workflow, properties: { ...properties, schedule } };
}
