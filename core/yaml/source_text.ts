/**
 * A text being read; turns offsets into problems with line and column. Problems are bounded in
 * number and size, so that a hostile text can't produce a report larger than itself.
 */

import { LineCounter } from "yaml";
import type { Problem } from "./problem.ts";

/** The most problems reported for one text. */
export const problemsMax = 100;
/** The most characters shown of a long line. */
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

  /** `firstLine`: the file's line at which an excerpt begins. */
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

  /** The reported problems, in the order of the text. */
  problems(): readonly Problem[] {
    const inOrder = this.#found.toSorted((a, b) => a.offset - b.offset);
    const reported = inOrder.slice(0, problemsMax).map(({ offset, message }) => ({
      file: this.file,
      ...this.position(offset),
      message,
      excerpt: this.#excerpt(offset),
    }));
    const last = reported.at(-1);
    if (last === undefined || inOrder.length <= problemsMax) return reported;
    const more = `${inOrder.length - problemsMax} more problems; correct these first`;
    return [...reported, { file: last.file, line: last.line, column: last.column, message: more }];
  }

  /** 1-based, in the file; columns count UTF-16 units, as editors do. */
  position(offset: number): SourcePosition {
    const { line, col } = this.#lines.linePos(offset);
    // a byte order mark has an offset but no column
    const hidden = line === 1 && offset > 0 && this.text.startsWith("\uFEFF") ? 1 : 0;
    return { line: this.#firstLine + line - 1, column: col - hidden };
  }

  /** The whole line that contains `offset`, without its line break. */
  lineAt(offset: number): string {
    const begin = offset === 0 ? 0 : this.text.lastIndexOf("\n", offset - 1) + 1;
    const end = this.text.indexOf("\n", offset);
    return this.text.slice(begin, end < 0 ? undefined : end).replace(/\r$/, "");
  }

  #excerpt(offset: number): string {
    const line = this.lineAt(offset).replace(/^\uFEFF/, "");
    const at = this.position(offset).column - 1;
    const from = Math.max(0, Math.min(at - excerptLengthMax / 2, line.length - excerptLengthMax));
    // tabs would shift the caret; control characters could affect the reader's terminal
    const shown = line.slice(from, from + excerptLengthMax).replaceAll(/\p{C}/gu, " ");
    return `${shown}\n${" ".repeat(at - from)}^`;
  }
}
