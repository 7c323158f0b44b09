/** Work on the same thing, one after the other. */

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Begins `work` when all that was handed in before for the same name has ended. */
  take<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.then(() => undefined, () => undefined).then(() => {
      if (this.#last.get(name) === settled) this.#last.delete(name);
    });
    this.#last.set(name, settled);
    return mine;
  }

  /** Settles when all that was handed in has ended. */
  async end(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
