/** A problem in a text, and how it is shown to people. */

/** One problem in a file, with its position (1-based) and, where known, the remedy. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The line of the file with a caret under the position; for people. */
  readonly excerpt?: string;
}

/** `file:line:column: message`, then the line of the file with a caret under the position. */
export function problemText(problem: Problem): string {
  const head = `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
  if (problem.excerpt === undefined) return head;
  return `${head}\n${problem.excerpt.split("\n").map((line) => `    ${line}`).join("\n")}`;
}

/** Sorts problems of one file from several checks into the order of its text. */
export function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** All problems, one below the other. */
export function problemsText(problems: readonly Problem[]): string {
  return problems.map(problemText).join("\n");
}
