/** Runs work on the same subject one piece after another. */

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Starts `work` when all earlier work with the same name has ended. */
  take<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.then(() => undefined, () => undefined).then(() => {
      if (this.#last.get(name) === settled) this.#last.delete(name);
    });
    this.#last.set(name, settled);
    return mine;
  }

  /** Resolves when all work has ended. */
  async end(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
