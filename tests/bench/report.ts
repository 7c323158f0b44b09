/**
 * What benchmarks print: with `--json` one object a line, as each case is done; else a table.
 * A value stands beside its floor: what the bare platform does for the same work in the same run.
 */

/** One measured case. `ratio` is value / floor; null where there is no floor. */
export interface Measurement {
  readonly bench: string;
  readonly case: string;
  readonly value: number;
  readonly unit: string;
  readonly floor: number | null;
  readonly ratio: number | null;
}

/** Takes the cases of one benchmark. */
export interface Report {
  add(measured: {
    readonly case: string;
    readonly value: number;
    readonly unit: string;
    readonly floor?: number;
  }): void;
}

export class Printer {
  readonly #json: boolean;
  readonly #write: (line: string) => void;
  readonly #measured: Measurement[] = [];

  constructor(json: boolean, write: (line: string) => void) {
    this.#json = json;
    this.#write = write;
  }

  /** The report that the benchmark `bench` is given. */
  reportOf(bench: string): Report {
    return {
      add: ({ value, floor, ...measured }) => {
        const measurement = {
          bench,
          case: measured.case,
          value: rounded(value),
          unit: measured.unit,
          floor: floor === undefined ? null : rounded(floor),
          ratio: floor === undefined ? null : rounded(value / floor),
        };
        this.#measured.push(measurement);
        if (this.#json) this.#write(JSON.stringify(measurement));
      },
    };
  }

  /** The table of all that was measured; nothing with `--json`. */
  finish(): void {
    if (this.#json) return;
    const heads = ["bench", "case", "value", "unit", "floor", "ratio"];
    const rows = this.#measured.map((measured) => [
      measured.bench,
      measured.case,
      shown(measured.value),
      measured.unit,
      shown(measured.floor),
      shown(measured.ratio),
    ]);
    const widths = heads.map((head, column) =>
      Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0))
    );
    const isNumber = (column: number): boolean => [2, 4, 5].includes(column);
    const line = (cells: readonly string[]): string =>
      cells.map((cell, column) => {
        const width = widths[column] ?? 0;
        return isNumber(column) ? cell.padStart(width) : cell.padEnd(width);
      }).join("  ").trimEnd();
    this.#write(line(heads));
    this.#write(widths.map((width) => "─".repeat(width)).join("  "));
    for (const row of rows) this.#write(line(row));
  }
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share `q` of all lies. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function shown(value: number | null): string {
  return value === null ? "–" : value.toLocaleString("en", { maximumSignificantDigits: 4 });
}
