/**
 * Many deadlines on one timer. A timer of its own costs a request as much as the trip to another
 * thread, and nearly every deadline is removed before it is due.
 *
 * Deadlines are kept in slots of {@link slotMs}. The timer is set for the earliest slot; if that
 * slot is empty when the timer fires, the timer is set again for the next one.
 */

/** A deadline may pass this much late. */
const slotMs = 10;
/** The longest delay a timer accepts. */
const delayMsMax = 2 ** 31 - 1;

/** Deadlines of entries; each entry has at most one. */
export class Deadlines<Entry> {
  readonly #passed: (entry: Entry) => void;
  readonly #slots = new Map<number, Set<Entry>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerSlot = Infinity;

  /** `passed` is called once for each entry that is not removed before its deadline. */
  constructor(passed: (entry: Entry) => void) {
    this.#passed = passed;
  }

  /** Returns the slot, which {@link Deadlines.remove} needs. */
  add(entry: Entry, timeoutMs: number): number {
    const slot = Math.ceil((performance.now() + timeoutMs) / slotMs);
    const entries = this.#slots.get(slot);
    if (entries) entries.add(entry);
    else this.#slots.set(slot, new Set([entry]));
    if (slot < this.#timerSlot) this.#setTimer(slot);
    return slot;
  }

  remove(entry: Entry, slot: number): void {
    const entries = this.#slots.get(slot);
    if (entries?.delete(entry) && entries.size === 0) this.#slots.delete(slot);
  }

  /** Removes every entry and stops the timer. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timerSlot = Infinity;
    this.#slots.clear();
  }

  #setTimer(slot: number): void {
    clearTimeout(this.#timer);
    this.#timerSlot = slot;
    const delayMs = slot * slotMs - performance.now();
    this.#timer = setTimeout(() => this.#tick(), Math.min(Math.max(delayMs, 0), delayMsMax));
  }

  #tick(): void {
    this.#timerSlot = Infinity;
    const dueSlot = Math.floor(performance.now() / slotMs);
    const due = [...this.#slots].filter(([slot]) => slot <= dueSlot);
    for (const [slot] of due) this.#slots.delete(slot);
    const next = Math.min(...this.#slots.keys());
    if (next < Infinity) this.#setTimer(next);
    for (const [, entries] of due) entries.forEach(this.#passed);
  }
}
