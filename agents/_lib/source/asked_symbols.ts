/** What every source does first with the symbols it is asked for. Pure. */

import { Missing } from "100ac";
import { shown, symbolProblem } from "./symbols.ts";

/**
 * The well-formed symbols, each once and in order, and the others with the reason. Nothing is
 * tidied up here: a source is asked by agents, which have done that.
 */
export function splitSymbols(
  asked: readonly string[],
): { readonly symbols: readonly string[]; readonly refused: readonly Missing[] } {
  const symbols: string[] = [];
  const refused: Missing[] = [];
  for (const symbol of new Set(asked)) {
    const problem = symbolProblem(symbol);
    if (problem === undefined) symbols.push(symbol);
    else refused.push({ symbol: shown(symbol), code: "bad_request", reason: problem });
  }
  return { symbols, refused };
}
