/**
 * What saves and reads data of one symbol takes turns: bars, splits and dividends are read and
 * written in several steps, and say something about prices only together.
 */

import { Turns } from "../turns.ts";

export interface OfSymbol {
  readonly source: string;
  readonly symbol: string;
}

export class SymbolTurns {
  readonly #turns = new Turns();
  /** How often each symbol was saved since the start. */
  readonly #saves = new Map<string, number>();

  save<Result>(of: OfSymbol, work: () => Promise<Result>): Promise<Result> {
    const name = nameOf(of);
    return this.#turns.take(name, async () => {
      // before the first commit: also a save that fails halfway has changed something
      this.#saves.set(name, (this.#saves.get(name) ?? 0) + 1);
      return await work();
    });
  }

  /** `version` is the same as long as nothing of the symbol is saved. */
  read<Result>(of: OfSymbol, work: (version: number) => Promise<Result>): Promise<Result> {
    const name = nameOf(of);
    return this.#turns.take(name, () => work(this.#saves.get(name) ?? 0));
  }
}

function nameOf({ source, symbol }: OfSymbol): string {
  return `${source}/${symbol}`;
}
