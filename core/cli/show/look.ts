/** How printed text may look: all that printing needs to know about the terminal and the clock. */

export interface Look {
  /** The width of a line in columns; Infinity if the output is not a terminal. */
  readonly columns: number;
  readonly color: boolean;
  readonly nowMs: number;
  /** How the user calls this program: `100ac`, or `deno task cli`. */
  readonly program: string;
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** A colour or weight of text. */
export type Tone = keyof typeof codes;

/** `text` in a tone, or unchanged without colours. */
export function paint(text: string, tone: Tone | undefined, { color }: Look): string {
  return color && tone && text !== "" ? `\x1b[${codes[tone]}m${text}\x1b[0m` : text;
}

/** The mark of success. */
export function tick(look: Look): string {
  return paint("✓", "green", look);
}

/** The mark of failure. */
export function cross(look: Look): string {
  return paint("✗", "red", look);
}
