/**
 * Removes secret values from text that is stored, shown or logged. What is sent to an agent keeps
 * them; what an agent returns may repeat them.
 */

const shownInstead = "***";
/** Shorter values are not masked: they would also match ordinary words and dates. */
const lengthMin = 8;

export class Mask {
  /** Longest first, because one secret may contain another. */
  readonly #values: readonly string[];

  constructor(secrets: Readonly<Record<string, string>>) {
    this.#values = Object.values(secrets).filter(({ length }) => length >= lengthMin)
      .sort((a, b) => b.length - a.length);
  }

  /** Whether there are no values to mask. */
  get isEmpty(): boolean {
    return this.#values.length === 0;
  }

  text(text: string): string {
    return this.#values.reduce((rest, value) => rest.replaceAll(value, shownInstead), text);
  }

  /** Masks every text in plain data, keys included. */
  data(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((each) => this.data(each));
    if (typeof value !== "object" || value === null) return value;
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [this.text(key), this.data(each)]),
    );
  }

  /** Masks every text in JSON. A number that looks like a secret is kept. */
  json(json: string): string {
    const isThere = this.#values.some((value) => json.includes(JSON.stringify(value).slice(1, -1)));
    return isThere ? JSON.stringify(this.data(JSON.parse(json))) : json;
  }
}
