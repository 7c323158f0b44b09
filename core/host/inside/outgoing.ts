/**
 * Bounds what the agents of a host send to the daemon's own services at once. The daemon reads a
 * body on its one thread, so many large ones would hold it; here they wait for the answers of those
 * before them. The services call no agent, so nobody waits in a circle.
 */

/** Characters of inputs whose answers are awaited; a larger one travels alone. */
const lengthMax = 4_000_000;

export class Outgoing {
  #length = 0;
  readonly #waiting: { readonly length: number; readonly begin: () => void }[] = [];

  /** Calls `ask` once there is room for an input of `length` characters; in order. */
  async send<Answer>(length: number, ask: () => Promise<Answer>): Promise<Answer> {
    if (this.#waiting.length > 0 || !this.#fits(length)) {
      await new Promise<void>((begin) => this.#waiting.push({ length, begin }));
    } else {
      this.#length += length;
    }
    try {
      return await ask();
    } finally {
      this.#length -= length;
      this.#admit();
    }
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.length); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#length += next.length;
      next.begin();
    }
  }

  #fits(length: number): boolean {
    return this.#length === 0 || this.#length + length <= lengthMax;
  }
}
