/** What is wrong with a text, and how people read it. */

/** One thing wrong in a file, where it stands (1-based) and, if there is one, the cure. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The line of the file, with a caret below the place; for people. */
  readonly excerpt?: string;
}

/** `file:line:column: message`, then the line of the file with a caret below the place. */
export function problemText(problem: Problem): string {
  const head = `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
  if (problem.excerpt === undefined) return head;
  return `${head}\n${problem.excerpt.split("\n").map((line) => `    ${line}`).join("\n")}`;
}

/** Problems of one file that were found by more than one look, in the order of its text. */
export function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** All problems, one below the other. */
export function problemsText(problems: readonly Problem[]): string {
  return problems.map(problemText).join("\n");
}
