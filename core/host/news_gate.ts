/**
 * Limits what a host reports about its agents, so that an agent that logs endlessly or throws in
 * every turn cannot use up the daemon's time. It stands on both sides: the host saves the way, and
 * the daemon does not rely on it. Excess reports are dropped; long ones are cut.
 */

import type { HostNews } from "./control.ts";

const perSecondMax = 200;
const messageMax = 8_000;
const fieldsMax = 16_000;
const secondMs = 1_000;

interface Second {
  startedAtMs: number;
  reported: number;
}

const nowMs = performance.now.bind(performance);

/** Limits each agent separately, so that one does not silence another. */
export class NewsGate {
  readonly #send: (news: HostNews) => void;
  readonly #seconds = new Map<string | null, Second>();

  constructor(send: (news: HostNews) => void) {
    this.#send = send;
  }

  report(news: HostNews): void {
    const second = this.#secondOf(news.agent);
    second.reported++;
    if (second.reported <= perSecondMax) return this.#send(cut(news));
    if (second.reported > perSecondMax + 1) return;
    const message = `over ${perSecondMax} log lines in one second; the rest is dropped`;
    this.#send({ kind: "log", level: "warn", agent: news.agent, message, fields: {} });
  }

  #secondOf(agent: string | null): Second {
    const running = this.#seconds.get(agent);
    if (running && nowMs() - running.startedAtMs < secondMs) return running;
    const second: Second = { startedAtMs: nowMs(), reported: 0 };
    this.#seconds.set(agent, second);
    return second;
  }
}

function cut(news: HostNews): HostNews {
  const text = String(news.message);
  const message = text.length > messageMax
    ? `${text.slice(0, messageMax)}… (${text.length} characters)`
    : text;
  return news.kind === "fault"
    ? { ...news, message }
    : { ...news, message, fields: plain(news.fields) };
}

/** Fields in a form that can cross threads, since an agent may log anything. */
function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const text = toJson(fields);
  return text.length > fieldsMax
    ? { fields: `${text.slice(0, fieldsMax)}… (${text.length} characters)` }
    : JSON.parse(text) as Record<string, unknown>;
}

function toJson(fields: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(fields) as string | undefined ?? "{}";
  } catch {
    return JSON.stringify({ fields: Deno.inspect(fields) }); // for example a BigInt or a cycle
  }
}
