/** A YAML text as plain JSON that maps each path back to its position in the text. */

import { isAlias, isSeq, type Pair } from "yaml";
import type { SourcePosition, SourceText } from "./source_text.ts";
import { rangeOf, YamlJson } from "./json.ts";
import { parseYaml } from "./syntax.ts";

/** Keys and indexes from the root. */
export type YamlPath = readonly (string | number)[];

/** A position within a part of a text. */
export interface Place {
  readonly text: string;
  readonly at: number;
}

/** The tree of a text; undefined if the text is not YAML: `source` then has the problems. */
export function readTree(source: SourceText): YamlTree | undefined {
  const document = parseYaml(source);
  return document && new YamlTree(document.contents, source);
}

export class YamlTree {
  readonly #root: unknown;
  readonly #source: SourceText;
  readonly #json: YamlJson;

  constructor(root: unknown, source: SourceText) {
    this.#root = root;
    this.#source = source;
    this.#json = new YamlJson(root, source);
  }

  /** The JSON at a path; undefined if the path does not exist. */
  valueAt(path: YamlPath): unknown {
    return path.reduce<unknown>((value, step) => {
      const isInside = typeof value === "object" && value !== null && Object.hasOwn(value, step);
      return isInside ? Reflect.get(value, step) : undefined;
    }, this.#json.value);
  }

  /**
   * Reports a problem at the key or the value of a path, unless the value is a placeholder.
   * `within` narrows it to a part of the text.
   */
  report(
    path: YamlPath,
    message: string,
    place: "key" | "value" = "value",
    within: Place | undefined = undefined,
  ): void {
    if (place === "value" && this.#json.reported.has(this.#nodeAt(path))) return;
    const inner = within && this.#offsetWithin(path, within);
    this.#source.report(inner ?? this.#offsetOf(path, place), message);
  }

  /**
   * The position of the key or value; if the path does not exist, of the nearest value above it.
   */
  positionOf(path: YamlPath, place: "key" | "value" = "value"): SourcePosition {
    return this.#source.position(this.#offsetOf(path, place));
  }

  /** The range of the value's characters; undefined if the path does not exist. */
  rangeOf(path: YamlPath): { readonly start: number; readonly end: number } | undefined {
    return rangeOf(this.#nodeAt(path));
  }

  /** Refuses aliases in a value that refer to anchors outside it. */
  reportAliasesLeaving(path: YamlPath): void {
    const { start, end } = this.rangeOf(path) ?? { start: 0, end: 0 };
    const isInside = (node: unknown): boolean => {
      const offset = rangeOf(node)?.start ?? -1;
      return offset >= start && offset < end;
    };
    for (const [alias, target] of this.#json.targets) {
      if (!isInside(alias) || isInside(target)) continue;
      this.#json.report(alias, "this alias's anchor is in another workflow; write the value");
    }
  }

  /** The offset of a part of a text; undefined if the file writes it in other characters. */
  #offsetWithin(path: YamlPath, { text, at }: Place): number | undefined {
    const range = this.rangeOf(path);
    // A short form may lack the key; the value above it holds the text.
    if (!range) {
      return path.length > 0 ? this.#offsetWithin(path.slice(0, -1), { text, at }) : undefined;
    }
    const { start, end } = range;
    const written = this.#source.text.slice(start, end);
    const index = written.indexOf(text);
    // If the text occurs twice, the position is ambiguous.
    if (index < 0 || text === "" || written.includes(text, index + 1)) return undefined;
    return start + index + at;
  }

  #offsetOf(path: YamlPath, place: "key" | "value"): number {
    let node = this.#root;
    let offset = startOf(node) ?? 0;
    for (const [index, step] of path.entries()) {
      const next = this.#child(node, step);
      if (next === undefined) break;
      const keyOffset = startOf(next.key);
      const isKey = place === "key" && index === path.length - 1;
      // an empty value has no position: use that of its key, or the one after its dash
      const valueOffset = startOf(next.value) ?? keyOffset ?? rangeOf(next.value)?.start;
      offset = (isKey ? keyOffset : valueOffset) ?? offset;
      node = next.value;
    }
    return offset;
  }

  #nodeAt(path: YamlPath): unknown {
    let node = this.#root;
    for (const step of path) node = this.#child(node, step)?.value;
    return node;
  }

  #child(parent: unknown, step: string | number): Partial<Pair> | undefined {
    const node = isAlias(parent) ? this.#json.targets.get(parent) : parent;
    if (!isSeq(node)) return this.#json.pairOf(node, String(step));
    if (typeof step !== "number" || step >= node.items.length) return undefined;
    return { value: node.items[step] };
  }
}

/** Where a node begins; undefined for an empty one. */
function startOf(node: unknown): number | undefined {
  const range = rangeOf(node);
  return range === undefined || range.start === range.end ? undefined : range.start;
}
