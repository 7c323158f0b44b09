/** Names with values, one per line, the values aligned. */

import { type Look, paint } from "./look.ts";
import type { Cell } from "./table.ts";
import { padText, textWidth, wrapText } from "./width.ts";

/** Lines of `  Name   value`; fields without a value are left out. */
export function fieldLines(
  fields: readonly (readonly [string, string | Cell | null])[],
  look: Look,
): string[] {
  const nameWidth = Math.max(...fields.map(([name]) => textWidth(name)));
  const indent = nameWidth + 4;
  return fields.flatMap(([name, value]) => {
    if (value === null || value === "") return [];
    const { text, tone } = typeof value === "string" ? { text: value, tone: undefined } : value;
    return wrapText(text, look.columns - indent).map((line, index) =>
      `  ${paint(padText(index === 0 ? name : "", nameWidth), "dim", look)}  ` +
      paint(line, tone, look)
    );
  });
}
