/**
 * What a host tells of its agents, within bounds: an agent that logs without end, or throws in
 * every turn, must not take the daemon's time. What is too much is dropped and counted; what is
 * too long is cut.
 */

import type { HostNews } from "../control.ts";

const perSecondMax = 200;
const messageMax = 8_000;
const fieldsMax = 16_000;
const secondMs = 1_000;

interface Second {
  told: number;
  dropped: number;
}

/** Bounds what each agent has to say by itself: one does not silence another. */
export class NewsGate {
  readonly #tell: (news: HostNews) => void;
  readonly #seconds = new Map<string | null, Second>();

  constructor(tell: (news: HostNews) => void) {
    this.#tell = tell;
  }

  tell(news: HostNews): void {
    const second = this.#secondOf(news.agent);
    if (second.told >= perSecondMax) {
      second.dropped++;
      return;
    }
    second.told++;
    this.#tell(cut(news));
  }

  /** Begins with the first thing an agent says, and tells at its end what was dropped. */
  #secondOf(agent: string | null): Second {
    const running = this.#seconds.get(agent);
    if (running) return running;
    const second: Second = { told: 0, dropped: 0 };
    this.#seconds.set(agent, second);
    setTimeout(() => {
      this.#seconds.delete(agent);
      const { dropped } = second;
      if (dropped === 0) return;
      const message = "more was logged than can be told";
      this.#tell({ kind: "log", level: "warn", agent, message, fields: { dropped } });
    }, secondMs);
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

/** Fields as they can cross threads: an agent may log anything. */
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
    return JSON.stringify({ fields: Deno.inspect(fields) }); // a BigInt, a circle
  }
}
