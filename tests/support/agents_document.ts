/**
 * The document of the agents, made of what they declare: `deno task agents:doc` writes it to
 * agents/README.md, and a test holds the file to the agents.
 */

import type { AgentDefinition } from "100ac";
import type { FromConfig } from "../../core/sdk/agent.ts";
import { z } from "100ac";
import { shippedAgents } from "../../core/shipped.ts";

/** The shipped agents that stand in a folder: those for people and workflows, then the sources. */
export const documentedAgents: readonly AgentDefinition[] = await Promise.all(
  Object.values(shippedAgents).filter(({ file }) => file.includes("/")).map(async ({ file }) => {
    const module = await import(new URL(`../../agents/${file}`, import.meta.url).href);
    return module.default as AgentDefinition;
  }),
);

/** Markdown, as it should stand in agents/README.md before formatting. */
export function agentsDocument(): string {
  return [
    "# Agents of market data",
    "",
    "Made of the agents' manifests by `deno task agents:doc`. Each example runs as a test.",
    ...documentedAgents.flatMap(agentLines),
    "",
  ].join("\n");
}

function agentLines({ id, description, permissions, config, capabilities }: AgentDefinition) {
  const grants = Object.entries(permissions ?? {}).map(([kind, names]) =>
    `${kind}: ${(names as readonly (string | FromConfig)[]).map(grantText).join(", ")}`
  );
  const settings = config === undefined ? [] : fieldsOf(config);
  return [
    "",
    `## ${id}`,
    "",
    `${description}. Permissions: ${grants.join("; ") || "none"}.`,
    ...(settings.length > 0 ? ["", `Configuration: ${settings.join(", ")}.`] : []),
    ...Object.entries(capabilities).flatMap(([name, capability]) => [
      "",
      `### ${id}.${name}`,
      "",
      `${capability.description}.`,
      "",
      `- Input: ${fieldsOf(capability.input).join(", ") || "nothing"}`,
      `- Output: ${fieldsOf(capability.output).join(", ")}`,
      ...Object.entries(capability.examples ?? {}).map(([title, input]) =>
        `- ${title}: \`${JSON.stringify(input)}\``
      ),
    ]),
  ];
}

function grantText(grant: string | FromConfig): string {
  if (typeof grant === "string") return grant;
  const { config, otherwise = [] } = grant;
  return `what \`${config}\` says${otherwise.length > 0 ? `, else ${otherwise.join(", ")}` : ""}`;
}

interface Schema {
  readonly properties?: Readonly<Record<string, { readonly default?: unknown; env?: string }>>;
  readonly required?: readonly string[];
}

/** `symbol`, `period = "1mo"`, `from?`: the fields of an object. */
function fieldsOf(schema: z.ZodType): string[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" }) as Schema;
  return Object.entries(properties).map(([name, { default: unset, env }]) => {
    const variable = env === undefined ? "" : ` (${env})`;
    if (unset !== undefined) return `\`${name} = ${JSON.stringify(unset)}\`${variable}`;
    return required.includes(name) ? `\`${name}\`${variable}` : `\`${name}?\`${variable}`;
  });
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("../../agents/README.md", import.meta.url), agentsDocument());
}
