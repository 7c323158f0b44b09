/**
 * How many columns text takes on a terminal. Emoji joined by U+200D are counted one by one, as
 * terminals without such glyphs draw them: counting too many columns leaves a table intact,
 * counting too few breaks it.
 */

/** First and last code point of East Asian wide and fullwidth blocks (Unicode 17). */
const wideBlocks: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2630, 0x2637],
  [0x268a, 0x268f],
  [0x2e80, 0x303e],
  [0x3041, 0x3247],
  [0x3250, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x1b2ff],
  [0x1d300, 0x1d376],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];
const wideEmoji = /(?!\p{Regional_Indicator})\p{Emoji_Presentation}/u;
const zeroWidth = /[\p{Mn}\p{Me}\p{Cf}]/u;
const firstUnusual = 0x0300;
/** The width of the widest character. */
export const characterWidthMax = 2;

/** The columns that one line of clean text takes. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The columns of one code point: 0, 1 or 2. */
export function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < firstUnusual) return 1;
  if (wideBlocks.some(([first, last]) => code >= first && code <= last)) {
    return zeroWidth.test(character) ? 0 : 2;
  }
  if (zeroWidth.test(character)) return 0;
  return wideEmoji.test(character) ? 2 : 1;
}

/** As much of the text as fits; `…` replaces the rest. */
export function fitText(text: string, columns: number): string {
  return headOf(text, columns) === text ? text : `${headOf(text, columns - 1)}…`;
}

/** The text padded with spaces to `columns`. */
export function padText(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - textWidth(text)));
}

/** The text in lines that fit, broken at spaces if possible; `…` ends the last if text is left. */
export function wrapText(text: string, columns: number, linesMax = Infinity): string[] {
  const width = Math.max(characterWidthMax, columns);
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let rest = paragraph;
    for (let head = headOf(rest, width); head !== rest; head = headOf(rest, width)) {
      if (lines.length === linesMax - 1) return [...lines, fitText(rest, width)];
      const space = rest[head.length] === " " ? head.length : head.lastIndexOf(" ");
      const end = space > 0 ? space : head.length;
      lines.push(rest.slice(0, end).trimEnd());
      rest = rest.slice(end).trimStart();
    }
    if (lines.length === linesMax) return lines;
    lines.push(rest);
  }
  return lines;
}

/** The longest beginning of the text that fits into `columns`. */
function headOf(text: string, columns: number): string {
  let width = 0;
  let length = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns) break;
    length += character.length;
  }
  return text.slice(0, length);
}
