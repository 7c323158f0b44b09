/**
 * Parses text to YAML nodes: strict YAML 1.2, core schema, one document. The text may come from
 * anyone, and the parser is superlinear on hostile texts, so the size is bounded first.
 */

import { type Document, Lexer, parseDocument, type YAMLError } from "yaml";
import type { SourceText } from "./source_text.ts";

/** The most characters of one file. */
export const textLengthMax = 1_048_576;
/**
 * The most words, marks and spaces of one file: about 20,000 lines. Bounds a parse to a second or
 * two.
 */
export const tokensMax = 100_000;

/** Characters that YAML 1.2 forbids (production `c-printable`); the lexer uses some internally. */
export const unprintable = /[^\t\n\r\x20-\x7E\x85\xA0-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** The document; undefined if the text is not YAML: `source` then has the problems. */
export function parseYaml(source: SourceText): Document | undefined {
  reportOversize(source);
  if (source.hasProblems) return undefined;
  const document = parseDocument(source.text, {
    version: "1.2",
    schema: "core",
    strict: true,
    stringKeys: true,
    resolveKnownTags: false,
    prettyErrors: false,
    uniqueKeys: false, // the library's check is quadratic; ours also finds all duplicates
  });
  reportDirectives(document, source);
  reportSyntax(document.errors, source);
  return source.hasProblems ? undefined : document;
}

function reportOversize(source: SourceText): void {
  const { text } = source;
  if (text.length > textLengthMax) {
    source.report(0, `the text is longer than ${textLengthMax} characters; split it into files`);
    return;
  }
  const at = text.search(unprintable);
  if (at >= 0) {
    const code = (text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    source.report(at, `YAML does not allow the character U+${code}; remove or escape it`);
    return;
  }
  let tokens = 0;
  for (const _token of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens <= tokensMax) continue;
    source.report(0, `the text has more than ${tokensMax} YAML tokens; split it into files`);
    return;
  }
}

function reportDirectives(document: Document, source: SourceText): void {
  const version = document.directives?.yaml.version;
  if (version !== "1.2") {
    source.report(0, `YAML ${version} is not supported; remove the directive and use YAML 1.2`);
  }
  for (const { code, pos, message } of document.warnings) {
    // the walk over the nodes reports every tag, known or not
    if (code !== "TAG_RESOLVE_FAILED") source.report(pos[0], lowerFirst(message));
  }
}

/**
 * One mistake confuses the parser for the rest of its line; an unquoted expression confuses it for
 * the rest of the text. Such follow-up errors are not reported.
 */
function reportSyntax(errors: readonly YAMLError[], source: SourceText): void {
  const firstOfLine = new Map<number, YAMLError>();
  for (const error of errors) {
    const { line } = source.position(error.pos[0]);
    if (!firstOfLine.has(line)) firstOfLine.set(line, error);
  }
  const bare = [...firstOfLine.values()].flatMap(({ pos }) => bareExpression(pos[0], source) ?? []);
  for (const offset of bare) {
    source.report(offset, 'YAML can\'t read this expression; quote it: "${{ … }}"');
  }
  if (bare.length > 0) return;
  for (const { code, pos, message } of firstOfLine.values()) {
    source.report(pos[0], syntaxMessages[code] ?? `invalid YAML: ${lowerFirst(message)}`);
  }
}

const syntaxMessages: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "a second document begins here; a file holds one",
  NON_STRING_KEY: "a key must be text",
  RESOURCE_EXHAUSTION: "the nesting is too deep",
  TAB_AS_INDENT: "a tab indents this line; use spaces",
};

/** The offset of an unquoted expression in the line of `offset`. */
function bareExpression(offset: number, source: SourceText): number | undefined {
  const { column } = source.position(offset);
  const before = /^[^"']*?(?=\$\{\{)/.exec(source.lineAt(offset));
  return before === null ? undefined : offset - (column - 1) + before[0].length;
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
