/**
 * Remembers when each workflow was last served: of those waiting, the least recently served is
 * next.
 */

/** How many workflows are remembered, the most recently served ones. */
const workflowsMax = 1_000;

export class Turns {
  readonly #served = new Map<string, number>();
  #count = 0;

  serve(workflow: string): void {
    // A map keeps insertion order, so the least recently served workflow stays first.
    this.#served.delete(workflow);
    this.#served.set(workflow, ++this.#count);
    const [oldest] = this.#served.keys();
    if (this.#served.size > workflowsMax && oldest !== undefined) this.#served.delete(oldest);
  }

  /** By workflow, a number that is higher the more recently it was served. */
  get served(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#served);
  }
}
