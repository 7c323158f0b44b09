/** The page at `/`: health, agents, recent executions; rendered here and refreshed as a whole. */

import { html, raw } from "hono/html";
import { systemView } from "./routes/system.ts";
import { agentView } from "./views/agents.ts";
import type { AgentView } from "./agents_api.ts";
import type { ExecutionView, SystemView } from "./api.ts";
import type { ControlPlane } from "./control_plane.ts";
import { executionView } from "./views/executions.ts";

type Html = ReturnType<typeof html>;

const refreshSeconds = 5;
const executionsShown = 20;

export async function homePage(plane: ControlPlane): Promise<Html> {
  const system = await systemView(plane);
  const agents = plane.hosts.entries.map((entry) => agentView(plane, entry));
  const rows = await plane.store.read({ read: "executions", limit: executionsShown });
  const simulated = system.market_is_simulated;
  return wholePage(html`
    <header>
      <h1>100AC</h1>
      ${badge(system.status)}
      ${simulated ? html`<span class="badge warn">simulated market data</span>` : ""}
      <span class="muted">version ${system.version}, up ${span(system.uptime_seconds)}</span>
    </header>
    <main>
      ${figures(system)} ${agentTable(agents)} ${executionTable(rows.map(executionView))}
    </main>
  `);
}

/** What a browser sees without a session: how to get one. */
export function shutOutPage(): Html {
  return wholePage(html`
    <header>
      <h1>100AC</h1>
    </header>
    <main>
      <section>
        <h2>This page opens by a link</h2>
        <p>Get one with <code>deno task cli system link</code>, or from the daemon's log. It works
        once, within ten minutes; a daemon that was started anew wants another.</p>
      </section>
    </main>
  `);
}

function wholePage(body: Html): Html {
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="refresh" content="${refreshSeconds}">
        <title>100AC</title>
        <style>${raw(style)}</style>
      </head>
      <body>${body}</body>
    </html>
  `;
}

function figures({ agents, workflows, executions, rss_bytes }: SystemView): Html {
  const list: readonly (readonly [string, string])[] = [
    ["Agents", `${agents.idle + agents.busy} ready, ${agents.failed + agents.refused} failed`],
    ["Workflows", `${workflows.enabled} enabled, ${workflows.problems} problems`],
    ["Executions", `${executions.running} of ${executions.running_max} running`],
    ["Waiting", String(executions.pending)],
    ["Memory", `${Math.round(rss_bytes / 1024 / 1024)} MB`],
  ];
  return html`<dl>${
    list.map(([name, value]) =>
      html`
        <div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }</dl>`;
}

function agentTable(agents: readonly AgentView[]): Html {
  return html`
    <section>
      <h2>Agents</h2>
      <table>
        <thead>
          <tr>
            <th>Agent</th>
            <th>Status</th>
            <th class="number">Capabilities</th>
            <th class="number">Messages</th>
            <th class="number">Errors</th>
            <th>Last error</th>
          </tr>
        </thead>
        <tbody>${agents.map((agent) =>
          html`
            <tr>
              <td><strong>${agent.id}</strong><br><span class="muted">${agent
                .description}</span></td>
              <td>${badge(agent.status)}</td>
              <td class="number">${agent.capabilities.length}</td>
              <td class="number">${agent.messages}</td>
              <td class="number">${agent.errors}</td>
              <td class="text">${agent.reason ?? agent.last_error ?? ""}</td>
            </tr>
          `
        )}</tbody>
      </table>
    </section>
  `;
}

function executionTable(executions: readonly ExecutionView[]): Html {
  if (executions.length === 0) {
    return html`
      <section>
        <h2>Recent executions</h2>
        <p class="muted">None yet. Start one:
        <code>deno task cli workflow run simple_test</code></p>
      </section>
    `;
  }
  return html`
    <section>
      <h2>Recent executions</h2>
      <table>
        <thead>
          <tr>
            <th>Workflow</th>
            <th>Status</th>
            <th>Started (UTC)</th>
            <th class="number">Duration</th>
            <th>Execution</th>
            <th>Error</th>
          </tr>
        </thead>
        <tbody>${executions.map((execution) =>
          html`
            <tr>
              <td><strong>${execution.workflow}</strong></td>
              <td>${badge(execution.status)}</td>
              <td class="whole">${instant(execution.started_at ?? execution.created_at)}</td>
              <td class="number">${execution.duration_seconds === null
                ? ""
                : `${execution.duration_seconds.toFixed(2)} s`}</td>
              <td class="whole"><code>${execution.execution_id}</code></td>
              <td class="text">${execution.error?.message ?? ""}</td>
            </tr>
          `
        )}</tbody>
      </table>
    </section>
  `;
}

const tones: Readonly<Record<string, string>> = {
  ok: "good",
  idle: "good",
  completed: "good",
  busy: "work",
  running: "work",
  pending: "work",
  waiting: "work",
  paused: "warn",
  degraded: "warn",
  failed: "bad",
  refused: "bad",
};

function badge(status: string): Html {
  return html`<span class="badge ${tones[status] ?? ""}">${status}</span>`;
}

/** `2026-11-23 23:27:14`. */
function instant(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}

function span(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h`;
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#dde1e7, #2e343d);
  --soft: light-dark(#5d6673, #98a2b0); --card: light-dark(#fff, #171b21); }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; background: light-dark(#f5f6f8, #0f1216);
  color: light-dark(#171b21, #e6e9ee); }
header { display: flex; align-items: center; gap: .75rem; padding: 1rem 2rem; flex-wrap: wrap;
  border-bottom: 1px solid var(--line); background: var(--card); }
h1 { font-size: 1.25rem; margin: 0; } h2 { font-size: 1rem; margin: 0 0 .5rem; }
main { max-width: 78rem; margin: 0 auto; padding: 1.5rem 2rem; display: grid; gap: 1.5rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 1rem;
  margin: 0; }
dl div, section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: 1rem; }
section { overflow-x: auto; }
dt { color: var(--soft); font-size: .8rem; } dd { margin: 0; font-weight: 600; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-size: .8rem; font-weight: 500; color: var(--soft); }
th, td { padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
tr:last-child td { border-bottom: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.text { min-width: 12rem; max-width: 26rem; overflow-wrap: anywhere; }
.whole { white-space: nowrap; }
.muted { color: var(--soft); } code { font-size: .85em; }
.badge { display: inline-block; padding: 0 .55rem; border-radius: 1rem; font-size: .8rem;
  background: light-dark(#e8ebef, #2a3038); }
.good { background: light-dark(#d9f2e0, #163c24); color: light-dark(#14602f, #7fdc9d); }
.work { background: light-dark(#dbe9fb, #17304f); color: light-dark(#1b4f91, #8fbcf5); }
.warn { background: light-dark(#fdf0cf, #43360f); color: light-dark(#7a5a00, #efce6c); }
.bad { background: light-dark(#fbdcdc, #4a1b1b); color: light-dark(#9a1c1c, #f39a9a); }
`;
