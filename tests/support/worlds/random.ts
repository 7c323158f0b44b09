/** Reproducible random numbers: mulberry32, by Tommy Ettinger. */

export interface Random {
  /** From 0 to 1, 1 excluded. */
  unit(): number;
  /** From 0 to `end`, the end excluded. */
  int(end: number): number;
  chance(probability: number): boolean;
}

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    unit,
    int: (end) => Math.floor(unit() * end),
    chance: (probability) => unit() < probability,
  };
}
