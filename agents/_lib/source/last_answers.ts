/** The last good answer to each question, the least recently given forgotten first. */

interface Kept {
  readonly answer: unknown;
  readonly atMs: number;
}

export class LastAnswers {
  readonly #entriesMax: number;
  readonly #ageMsMax: number;
  /** In the order in which they were given. */
  readonly #kept = new Map<string, Kept>();

  constructor(entriesMax: number, ageMsMax: number) {
    this.#entriesMax = entriesMax;
    this.#ageMsMax = ageMsMax;
  }

  set(key: string, answer: unknown, nowMs: number): void {
    this.#kept.delete(key);
    this.#kept.set(key, { answer, atMs: nowMs });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#entriesMax) return;
      this.#kept.delete(oldest);
    }
  }

  /** Undefined when there is none, or none young enough. */
  get(
    key: string,
    nowMs: number,
  ): { readonly answer: unknown; readonly ageMs: number } | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    const ageMs = nowMs - kept.atMs;
    return ageMs <= this.#ageMsMax ? { answer: kept.answer, ageMs } : undefined;
  }
}
