/** When each workflow was last served: of those that wait, the one served longest ago is next. */

/** How many workflows are remembered, the last ones served. */
const workflowsMax = 1_000;

export class Turns {
  readonly #served = new Map<string, number>();
  #count = 0;

  serve(workflow: string): void {
    // A map keeps the order in which keys were set: the one served longest ago is the first.
    this.#served.delete(workflow);
    this.#served.set(workflow, ++this.#count);
    const [oldest] = this.#served.keys();
    if (this.#served.size > workflowsMax && oldest !== undefined) this.#served.delete(oldest);
  }

  /** By workflow, a number that is higher the later it was served. */
  get served(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#served);
  }
}
