/**
 * A text that is being read: turns offsets into problems that say where they stand. Problems are
 * bounded in number and size, so that a hostile text can't make a report larger than itself.
 */

import { LineCounter } from "yaml";
import type { Problem } from "./problem.ts";

/** How many problems of one text are told. */
export const problemsMax = 100;
/** How much of a long line is shown. */
const excerptLengthMax = 100;

export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

export class SourceText {
  readonly text: string;
  readonly file: string;
  readonly #firstLine: number;
  readonly #lines = new LineCounter();
  readonly #found: { readonly offset: number; readonly message: string }[] = [];

  /** `firstLine`: the line of the file at which a text that was cut out of it begins. */
  constructor(text: string, file: string, firstLine = 1) {
    this.text = text;
    this.file = file;
    this.#firstLine = firstLine;
    this.#lines.addNewLine(0);
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#lines.addNewLine(at + 1);
    }
  }

  report(offset: number, message: string): void {
    this.#found.push({ offset, message });
  }

  get hasProblems(): boolean {
    return this.#found.length > 0;
  }

  /** What was reported, in the order of the text. */
  problems(): readonly Problem[] {
    const inOrder = this.#found.toSorted((a, b) => a.offset - b.offset);
    const told = inOrder.slice(0, problemsMax).map(({ offset, message }) => ({
      file: this.file,
      ...this.position(offset),
      message,
      excerpt: this.#excerpt(offset),
    }));
    const last = told.at(-1);
    if (last === undefined || inOrder.length <= problemsMax) return told;
    const more = `${inOrder.length - problemsMax} more problems follow; correct these first`;
    return [...told, { file: last.file, line: last.line, column: last.column, message: more }];
  }

  /** 1-based, in the file; columns count UTF-16 units, as editors do. */
  position(offset: number): SourcePosition {
    const { line, col } = this.#lines.linePos(offset);
    // a byte order mark takes an offset but no column
    const hidden = line === 1 && offset > 0 && this.text.startsWith("\uFEFF") ? 1 : 0;
    return { line: this.#firstLine + line - 1, column: col - hidden };
  }

  /** The whole line that `offset` stands on, without its end. */
  lineAt(offset: number): string {
    const begin = offset === 0 ? 0 : this.text.lastIndexOf("\n", offset - 1) + 1;
    const end = this.text.indexOf("\n", offset);
    return this.text.slice(begin, end < 0 ? undefined : end).replace(/\r$/, "");
  }

  #excerpt(offset: number): string {
    const line = this.lineAt(offset).replace(/^\uFEFF/, "");
    const at = this.position(offset).column - 1;
    const from = Math.max(0, Math.min(at - excerptLengthMax / 2, line.length - excerptLengthMax));
    // tabs would shift the caret, control characters could steer the reader's terminal
    const shown = line.slice(from, from + excerptLengthMax).replaceAll(/\p{C}/gu, " ");
    return `${shown}\n${" ".repeat(at - from)}^`;
  }
}
