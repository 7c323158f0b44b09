/** A binary heap ordered by time, earliest on top. */

export interface Timed {
  readonly fireAtMs: number;
}

export class DueHeap<Item extends Timed> {
  #items: Item[] = [];

  get top(): Item | undefined {
    return this.#items[0];
  }

  clear(): void {
    this.#items = [];
  }

  push(item: Item): void {
    const items = this.#items;
    let hole = items.length;
    items.push(item);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = items[parent];
      if (above === undefined || above.fireAtMs <= item.fireAtMs) break;
      items[hole] = above;
      hole = parent;
    }
    items[hole] = item;
  }

  /** Removes and returns the top if it is due by `nowMs`. */
  popDue(nowMs: number): Item | undefined {
    const items = this.#items;
    const [top] = items;
    if (top === undefined || top.fireAtMs > nowMs) return undefined;
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let hole = 0;
    for (;;) {
      const left = 2 * hole + 1;
      const right = items[left + 1];
      const child = right && right.fireAtMs < (items[left]?.fireAtMs ?? 0) ? left + 1 : left;
      const below = items[child];
      if (below === undefined || below.fireAtMs >= last.fireAtMs) break;
      items[hole] = below;
      hole = child;
    }
    items[hole] = last;
    return top;
  }
}
