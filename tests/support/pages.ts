/** The project's pages as tests read them: fenced blocks, tables, links, sections. */

import { dirname, normalize } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A fenced block of a page. */
export interface Block {
  /** `docs/agents.md:12`, where its text begins. */
  readonly place: string;
  /** The line of prose above it. */
  readonly above: string;
  readonly language: string;
  readonly text: string;
}

export interface Link {
  /** `docs/agents.md:12`. */
  readonly place: string;
  /** A path from the project's folder. */
  readonly path: string;
  /** What follows `#`, or "". */
  readonly anchor: string;
}

export class Page {
  /** `path` is from the project's folder. */
  constructor(readonly path: string, readonly text: string) {}

  get blocks(): readonly Block[] {
    const fences = this.text.matchAll(/^```(\w*)\n([^]*?)^```$/gm);
    return [...fences].map(({ 1: language = "", 2: text = "", index }) => ({
      place: `${this.path}:${this.#lineAt(index) + 1}`,
      above: this.text.slice(0, index).trimEnd().split("\n").at(-1) ?? "",
      language,
      text,
    }));
  }

  /** The page without its blocks, each line in its place. */
  get prose(): string {
    return this.text.replace(/^```[^]*?^```$/gm, (block) => block.replace(/[^\n]/g, ""));
  }

  /** The rows of every table whose header is `head`, as cells. */
  tables(...head: readonly string[]): readonly (readonly string[])[][] {
    const lines = this.prose.split("\n").map((line) =>
      line.startsWith("|") ? line.split("|").slice(1, -1).map((cell) => cell.trim()) : undefined
    );
    return lines.flatMap((cells, index) => {
      if (cells?.join() !== head.join()) return [];
      const end = lines.indexOf(undefined, index);
      return [lines.slice(index + 2, end).flatMap((row) => row ? [row] : [])];
    });
  }

  /** Links to files of the project, and within the page. */
  get links(): readonly Link[] {
    const found = this.prose.matchAll(/\]\(([^)\s]+)\)/g);
    return [...found].flatMap(({ 1: target = "", index }) => {
      if (/^https?:/.test(target)) return [];
      const [path = "", anchor = ""] = target.split("#");
      return [{
        place: `${this.path}:${this.#lineAt(index)}`,
        path: path === "" ? this.path : normalize(`${dirname(this.path)}/${path}`),
        anchor,
      }];
    });
  }

  /** The anchors of its headings. */
  get anchors(): readonly string[] {
    return [...this.prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
    );
  }

  #lineAt(index: number): number {
    return this.text.slice(0, index).split("\n").length;
  }
}

/** A page by its path from the project's folder. */
export async function readPage(path: string): Promise<Page> {
  return new Page(path, await Deno.readTextFile(`${root}${path}`));
}

/** Every page of the project that people read. */
export async function readPages(): Promise<readonly Page[]> {
  const paths = ["README.md", "CONTRIBUTING.md", "agents/README.md"];
  for await (const { name } of Deno.readDir(`${root}docs`)) paths.push(`docs/${name}`);
  return await Promise.all(paths.toSorted().map(readPage));
}
