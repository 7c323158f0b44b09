/**
 * Secret values taken out of text that is stored, shown or logged. What is sent to an agent keeps
 * them; what comes back may repeat them.
 */

const shownInstead = "***";
/** Of a shorter value: it stands in words and dates that have nothing to do with it. */
const lengthMin = 8;

export class Mask {
  /** Longest first: one may be a part of another. */
  readonly #values: readonly string[];

  constructor(secrets: Readonly<Record<string, string>>) {
    this.#values = Object.values(secrets).filter(({ length }) => length >= lengthMin)
      .sort((a, b) => b.length - a.length);
  }

  /** Whether there is nothing to take out. */
  get isEmpty(): boolean {
    return this.#values.length === 0;
  }

  text(text: string): string {
    return this.#values.reduce((rest, value) => rest.replaceAll(value, shownInstead), text);
  }

  /** Every text in plain data, keys included. */
  data(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((each) => this.data(each));
    if (typeof value !== "object" || value === null) return value;
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [this.text(key), this.data(each)]),
    );
  }

  /** Every text in JSON: a number that looks like a secret stays one. */
  json(json: string): string {
    const isThere = this.#values.some((value) => json.includes(JSON.stringify(value).slice(1, -1)));
    return isThere ? JSON.stringify(this.data(JSON.parse(json))) : json;
  }
}
