/** A text with `${{ … }}` in it, cut into what stands between and the expressions. Pure. */

export type Segment =
  | { readonly kind: "text"; readonly text: string }
  | {
    readonly kind: "expression";
    readonly expression: string;
    /** Where the expression begins in the text. */
    readonly at: number;
  };

const opening = "${{";

/** Whether a text holds an expression, or the beginning of one. */
export function holdsExpression(text: string): boolean {
  return text.includes(opening);
}

/** A condition with its `${{ }}`, which a file may leave out. */
export function asTemplate(condition: string): string {
  return holdsExpression(condition) ? condition : `\${{${condition}}}`;
}

/** The segments of a text; undefined when a `${{` is not closed by `}}`. */
export function cutText(text: string): readonly Segment[] | undefined {
  const segments: Segment[] = [];
  let from = 0;
  for (;;) {
    const open = text.indexOf(opening, from);
    if (open > from || open < 0) {
      const between = text.slice(from, open < 0 ? undefined : open);
      if (between !== "") segments.push({ kind: "text", text: between });
    }
    if (open < 0) return segments;
    const at = open + opening.length;
    const close = closingOf(text, at);
    if (close === undefined) return undefined;
    segments.push({ kind: "expression", expression: text.slice(at, close), at });
    from = close + 2;
  }
}

/** Where the `}}` stands that closes the expression at `from`: not in quotes, not in braces. */
function closingOf(text: string, from: number): number | undefined {
  let quote = "";
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const char = text.charAt(i);
    if (quote !== "") {
      if (char === "\\") i++;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'") {
      quote = char;
    } else if (char === "{") {
      depth++;
    } else if (char === "}") {
      if (depth === 0) return text.charAt(i + 1) === "}" ? i : undefined;
      depth--;
    }
  }
  return undefined;
}
