/** What a person or a file calls a share, brought into the form that sources know. Pure. */

import { AppError, type Missing, symbolPattern } from "100ac";

/** White space, and characters that are there but not seen: zero-width, byte order mark, … */
const unseen = /[\s\p{Cc}\p{Cf}]/u;

/**
 * A symbol without its surroundings, in capitals: `" $aapl "` is `"AAPL"`. Never fails; whether
 * the outcome is a symbol is told by {@link symbolProblem}.
 *
 * Only a-z are made capitals: by Unicode's rules the Turkish `ı` would become I, and `"ıbm"` be
 * taken for IBM, which nobody asked for.
 */
export function sanitizeSymbol(text: string): string {
  // by hand: a regular expression for the end of a text takes quadratic time on a hostile one
  let start = 0;
  let end = text.length;
  while (start < end && (text[start] === "$" || unseen.test(text.charAt(start)))) start++;
  while (end > start && unseen.test(text.charAt(end - 1))) end--;
  return text.slice(start, end).replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

const lengthMax = 24;

/** What is wrong with the form of a symbol, as the end of a sentence; undefined: nothing. */
export function symbolProblem(symbol: string): string | undefined {
  if (symbolPattern.test(symbol)) return undefined;
  if (symbol === "") return "it is empty";
  if (symbol.length > lengthMax) return `it is longer than ${lengthMax} characters`;
  const foreign = /[^A-Z0-9.^=-]/u.exec(symbol)?.[0];
  if (foreign !== undefined) {
    return `it holds ${JSON.stringify(foreign)}; a symbol is made of A-Z, 0-9 and . ^ = -`;
  }
  return `it begins with ${JSON.stringify(symbol[0])}; a symbol begins with A-Z, 0-9 or ^`;
}

/**
 * The symbol that a text stands for; `what` is the verb and the thing of the error's message.
 * @throws {AppError} `bad_request` when it is none.
 */
export function requireSymbol(text: string, what: string): string {
  const symbol = sanitizeSymbol(text);
  const problem = symbolProblem(symbol);
  if (problem === undefined) return symbol;
  throw new AppError(
    "bad_request",
    `Cannot ${what} "${shown(text)}": ${problem}; write it like AAPL, BRK-B, ^GSPC or EURUSD=X`,
  );
}

/** A list of symbols as somebody wrote it, sorted out. */
export interface SymbolList {
  /** Well-formed, each once, in the order of the list. */
  readonly symbols: readonly string[];
  /** Malformed entries (`bad_request`) and repeated ones (`duplicate`), as they were written. */
  readonly refused: readonly Missing[];
}

/** Sorts a list out, so that one bad entry costs none of the others. */
export function sortOutSymbols(entries: readonly string[]): SymbolList {
  const symbols = new Set<string>();
  const refused: Missing[] = [];
  for (const entry of entries) {
    const symbol = sanitizeSymbol(entry);
    const problem = symbolProblem(symbol);
    if (problem !== undefined) {
      refused.push({ symbol: shown(entry), code: "bad_request", reason: problem });
    } else if (symbols.has(symbol)) {
      const reason = `${symbol} is in the list already`;
      refused.push({ symbol: shown(entry), code: "duplicate", reason });
    } else {
      symbols.add(symbol);
    }
  }
  return { symbols: [...symbols], refused };
}

const shownLengthMax = 40;

/** Text from outside as it may stand in a message: never long, never half a character. */
export function shown(text: string): string {
  if (text.length <= shownLengthMax) return text.toWellFormed();
  return `${text.slice(0, shownLengthMax).toWellFormed()}…`;
}
