/**
 * Converts YAML nodes to plain JSON. Whatever JSON or the bounds cannot hold is reported. The walk
 * continues with a placeholder, so that all problems of a text are reported at once.
 */

import {
  type Alias,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
} from "yaml";
import { shown } from "./wording.ts";
import type { SourceText } from "./source_text.ts";

export const depthMax = 32;
/** The most values after aliases are expanded; bounds `&a [*b, *b]`, `&b [*c, *c]`, … */
export const valuesMax = 100_000;

/** The range of a node's characters; undefined for anything else. */
export function rangeOf(
  node: unknown,
): { readonly start: number; readonly end: number } | undefined {
  const [start, end] = (isNode(node) ? node.range : undefined) ?? [];
  return start === undefined || end === undefined ? undefined : { start, end };
}

/** A single walk over the nodes of a document. */
export class YamlJson {
  readonly value: unknown;
  /** Nodes with a problem; their values are placeholders. */
  readonly reported: ReadonlySet<unknown>;
  /** The node that each alias refers to, with its anchor. */
  readonly targets: ReadonlyMap<Alias, Node>;
  readonly #source: SourceText;
  readonly #anchors = new Map<string, Node>();
  readonly #targets = new Map<Alias, Node>();
  readonly #reported = new Set<unknown>();
  readonly #pairs = new Map<unknown, ReadonlyMap<string, Pair>>();
  #count = 0;

  constructor(root: unknown, source: SourceText) {
    this.#source = source;
    this.reported = this.#reported;
    this.targets = this.#targets;
    this.value = this.#toJson(root, 0);
  }

  /** The pair of a key in a mapping; undefined if it is missing or `node` is not a mapping. */
  pairOf(node: unknown, key: string): Pair | undefined {
    return this.#pairs.get(node)?.get(key);
  }

  /** Reports a node once, although aliases walk it again. Returns the placeholder. */
  report(node: unknown, message: string): null {
    if (!this.#reported.has(node)) this.#source.report(rangeOf(node)?.start ?? 0, message);
    this.#reported.add(node);
    return null;
  }

  #toJson(node: unknown, depth: number): unknown {
    this.#count += 1;
    if (this.#count > valuesMax) {
      if (this.#count > valuesMax + 1) return null;
      return this.report(node, `the text has more than ${valuesMax} values, aliases expanded`);
    }
    if (depth > depthMax) return this.report(node, `the nesting is deeper than ${depthMax} levels`);
    if (isAlias(node)) return this.#aliasToJson(node, depth);
    if (!isNode(node)) return null;
    if (node.tag !== undefined) this.report(node, "tags are not supported; remove the tag");
    if (node.anchor !== undefined) this.#keepAnchor(node, node.anchor);
    if (isMap<unknown, unknown>(node)) return this.#mapToJson(node, node.items, depth);
    if (isSeq(node)) return node.items.map((item) => this.#toJson(item, depth + 1));
    return isScalar(node) ? this.#scalarToJson(node) : null;
  }

  #keepAnchor(node: Node, anchor: string): void {
    const before = this.#anchors.get(anchor);
    if (before === undefined) this.#anchors.set(anchor, node);
    else if (before !== node) this.report(node, `the anchor ${shown(`&${anchor}`)} is used twice`);
  }

  #aliasToJson(alias: Alias, depth: number): unknown {
    const target = this.#targets.get(alias) ?? this.#anchors.get(alias.source);
    if (target === undefined) {
      return this.report(alias, `no anchor ${shown(`&${alias.source}`)} before this alias`);
    }
    this.#targets.set(alias, target);
    return this.#toJson(target, depth + 1);
  }

  #mapToJson(map: Node, items: readonly Pair[], depth: number): unknown {
    const pairs = new Map<string, Pair>();
    const entries: [string, unknown][] = [];
    this.#pairs.set(map, pairs);
    for (const pair of items) {
      const key = isScalar(pair.key) ? pair.key.value : undefined;
      const json = this.#toJson(pair.value, depth + 1);
      if (typeof key !== "string") this.report(pair.key, "a key must be text");
      else if (pairs.has(key)) this.report(pair.key, `the key ${shown(key)} appears twice`);
      else if (key === "__proto__") this.report(pair.key, "this name is not allowed for a key");
      else if (key === "<<") {
        this.report(pair.key, '"<<" does not merge in YAML 1.2; write out the keys');
      } else {
        pairs.set(key, pair);
        entries.push([key, json]);
      }
    }
    return Object.fromEntries(entries);
  }

  #scalarToJson(scalar: Scalar): unknown {
    const { value, source = "" } = scalar;
    if (typeof value !== "number") return value;
    if (!Number.isFinite(value)) {
      return this.report(scalar, "JSON has no such number; write it as quoted text");
    }
    const isWhole = /^(?:[-+]?\d+|0[ox].+)$/.test(source);
    if (isWhole && !Number.isSafeInteger(value)) {
      return this.report(scalar, "the number is too large to be exact; write it as quoted text");
    }
    return value === 0 ? 0 : value; // JSON has no -0
  }
}
