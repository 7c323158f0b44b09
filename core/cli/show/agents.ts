/** Agents for people: the list, and one with its capabilities. */

import type { AgentView, CapabilityView } from "../../http/agents_api.ts";
import type { AgentsAnswer } from "../ask/client.ts";
import { cross, type Look, paint, type Tone } from "./look.ts";
import { collectionsTable } from "./collections.ts";
import { fieldLines } from "./fields.ts";
import { showProblem } from "./problems.ts";
import { table } from "./table.ts";
import type { AgentStatus } from "../../statuses.ts";

export const agentTones = {
  idle: "green",
  busy: "cyan",
  failed: "red",
  refused: "red",
  stopped: "dim",
} as const satisfies Record<AgentStatus, Tone>;

/** One row per agent, then the reasons why some are not in use. */
export function showAgents({ agents, problems }: AgentsAnswer, look: Look): string {
  if (agents.length === 0) return "There are no agents; add one to the daemon's agents folder.";
  const rows = agents.map((agent) => [
    agent.id,
    String(agent.capabilities.length),
    { text: agent.status, tone: agentTones[agent.status] },
    String(agent.messages),
  ]);
  const reasons = agents.flatMap((agent) => reasonLines(agent, look));
  const settings = problems.map((problem) => showProblem(problem, look));
  if (settings.length > 0) settings.unshift("", "The last valid agents.yaml is in force:");
  return [table(["Agent ID", "Capabilities", "Status", "Messages"], rows, look), ...reasons]
    .concat(settings).join("\n");
}

/** One agent's fields, then a table of its capabilities. */
export function showAgent(agent: AgentView, look: Look): string {
  const permissions = Object.entries(agent.permissions)
    .map(([kind, values]) => `${kind}: ${values.join(", ")}`);
  const { hits, misses, hit_rate } = agent.cache;
  const fields = fieldLines([
    ["File", `${agent.file} (${agent.origin})`],
    ["Status", { text: agent.status, tone: agentTones[agent.status] }],
    ["Version of", agent.serves_version_of],
    ["Reason", agent.reason],
    ["Source", agent.source],
    ["Permissions", permissions.join("; ") || "none"],
    ["Secrets", agent.secrets.join(", ")],
    ["Lives in", agent.isolation === "thread" ? "a thread" : "a process"],
    ["Subscribes to", agent.subscriptions.join(", ")],
    ["Host", agent.host],
    ["Messages", `${agent.messages}, ${agent.errors} failed`],
    ["Last error", agent.last_error],
    [
      "Cache",
      hit_rate === null
        ? null
        : `${hits} hits, ${misses} misses (${Math.round(hit_rate * 100)} % hits)`,
    ],
  ], look);
  const settings = agent.config.map(({ name, value, from }) => [
    name,
    value === null ? "-" : JSON.stringify(value),
    from,
  ]);
  if (settings.length > 0) {
    fields.push("", table(["Configuration", "Value", "From"], settings, look));
  }
  if (agent.collections.length > 0) fields.push("", collectionsTable(agent.collections, look));
  const title = `${paint(agent.id, "bold", look)}  ${agent.description}`;
  if (agent.capabilities.length === 0) return [title, ...fields].join("\n");
  const rows = agent.capabilities.map(({ name, description, input }) => [
    name,
    inputText(input),
    description,
  ]);
  return [title, ...fields, "", table(["Capability", "Input", "Description"], rows, look)]
    .join("\n");
}

function reasonLines(
  { id, status, reason, serves_version_of: older }: AgentView,
  look: Look,
): string[] {
  if (reason === null) return [];
  const why = older ? `serving version of ${older}, file broken: ${reason}` : reason;
  return [`${cross(look)} ${id} ${status}: ${why}`];
}

/** `symbol, period?`: the properties of an object's JSON Schema; `?` marks the optional ones. */
function inputText(input: CapabilityView["input"]): string {
  const { properties = {}, required = [] } = (input ?? {}) as {
    readonly properties?: Readonly<Record<string, unknown>>;
    readonly required?: readonly string[];
  };
  return Object.keys(properties)
    .map((name) => required.includes(name) ? name : `${name}?`)
    .join(", ");
}
