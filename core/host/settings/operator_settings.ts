/**
 * The operator's settings for agents, from agents.yaml and environment variables, checked against
 * the agents. A file with a problem is refused as a whole, because the rights it grants may be
 * incomplete. At the start there is no earlier version, so the daemon does not start; later the
 * last valid version stays in force and the problems are shown.
 */

import { AppError } from "../../errors.ts";
import { Mask } from "../../mask.ts";
import { isShipped, type Origin, originOf, type Shipped } from "../../shipped.ts";
import type { Problem } from "../../yaml/problem.ts";
import { SourceText } from "../../yaml/source_text.ts";
import { readTree } from "../../yaml/tree.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { ReadFile } from "../scan/agent_files.ts";
import { checkStated } from "./check.ts";
import { readSettingsText, type SettingsText } from "./settings_text.ts";
import { fileName, settle, type Settled } from "./settle.ts";
import { type KnownSources, sourceProblem, sourcesAmong } from "./source_lists.ts";
import { readStated, type StatedAgent } from "./stated.ts";

export interface OperatorSettingsOptions {
  readonly agentsFolder: string;
  /** Manifests' default folders are relative to this one. */
  readonly dataFolder: string;
  /** Variables that configure shipped agents. */
  readonly variables: Readonly<Record<string, string>>;
  readonly shipped: Shipped;
  /** Every secret; agents.yaml must contain none of them. */
  readonly secrets: Readonly<Record<string, string>>;
}

type StatedAgents = ReadonlyMap<string, StatedAgent>;

export class OperatorSettings {
  readonly #options: OperatorSettingsOptions;
  readonly #mask: Mask;
  #inForce: StatedAgents | undefined;
  #problems: readonly Problem[] = [];
  #looked = "";

  constructor(options: OperatorSettingsOptions) {
    this.#options = options;
    this.#mask = new Mask(options.secrets);
  }

  /** Problems of the current file; while there are any, it is not in force. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  read(): Promise<SettingsText> {
    return readSettingsText(this.#options.agentsFolder, fileName);
  }

  /**
   * Puts a text in force if it has no problems. `agents` are the files currently next to it.
   * Returns whether the text or the agents have changed since the last call.
   * @throws {AppError} `invalid_config` at the first text, with every problem of the file and the
   * variables.
   */
  take(text: SettingsText, agents: readonly ReadFile[]): boolean {
    const hashes = agents.map(({ result: { file }, hash }) => [file.name, hash]);
    const looked = JSON.stringify([text, hashes]);
    if (looked === this.#looked) return false;
    const isFirst = this.#inForce === undefined;
    const checked = this.#check(text, agents);
    if (isFirst) this.#refuseStart(checked.problems, checked.stated, agents);
    this.#looked = looked;
    this.#problems = checked.problems;
    if (checked.problems.length === 0) this.#inForce = checked.stated;
    return true;
  }

  /** The settings in force for the agent that `file` declares. */
  settle(manifest: Manifest, file: string): Settled {
    return this.#settle(manifest, file, this.#inForce ?? new Map());
  }

  /**
   * The file an id is bound to, whichever files claim it; undefined when any file may declare it.
   */
  ownerOf(id: string): string | undefined {
    const { shipped } = this.#options;
    return Object.hasOwn(shipped, id) ? shipped[id]?.file : this.#inForce?.get(id)?.file;
  }

  /** Whose code it is that declares the id in a file with this hash. */
  originOf(id: string, file: string, hash: string): Origin {
    return originOf(this.#options.shipped, id, file, hash);
  }

  #settle(manifest: Manifest, file: string, agents: StatedAgents): Settled {
    const { variables, shipped, dataFolder } = this.#options;
    const stated = agents.get(manifest.id);
    return settle(manifest, {
      stated: stated?.file === file ? stated : undefined,
      variables: isShipped(shipped, manifest.id, file) ? variables : {},
      dataFolder,
    });
  }

  #check(
    text: SettingsText,
    agents: readonly ReadFile[],
  ): { readonly stated: StatedAgents; readonly problems: readonly Problem[] } {
    if ("found" in text) {
      const message = `agents.yaml cannot be used: ${text.found}`;
      return { stated: new Map(), problems: [{ file: fileName, line: 1, column: 1, message }] };
    }
    const source = new SourceText(text.text, fileName);
    const tree = readTree(source);
    const stated = tree ? readStated(tree) : new Map<string, StatedAgent>();
    if (tree) {
      checkStated(stated, tree, {
        agents,
        sources: this.#sourcesIn(agents, stated),
        shipped: this.#options.shipped,
        secrets: this.#options.secrets,
        settle: (manifest, file) => this.#settle(manifest, file, stated),
      });
    }
    return { stated, problems: this.#mask.data(source.problems()) as readonly Problem[] };
  }

  /** Known sources, and those whose files cannot be read now. */
  #sourcesIn(agents: readonly ReadFile[], stated: StatedAgents): KnownSources {
    const known = sourcesAmong(manifestsOf(agents));
    const unread = new Set(
      agents.flatMap(({ result }) => "error" in result ? [result.file.name] : []),
    );
    const bound = [...stated, ...Object.entries(this.#options.shipped)];
    for (const [id, { file }] of bound) {
      if (file !== undefined && unread.has(file)) known.set(id, undefined);
    }
    return known;
  }

  #refuseStart(
    problems: readonly Problem[],
    stated: StatedAgents,
    agents: readonly ReadFile[],
  ): void {
    const known = this.#sourcesIn(agents, stated);
    const ofVariables = agents.flatMap(({ result }) => {
      if ("error" in result) return [];
      const { fields, problems } = this.#settle(result.manifest, result.file.name, stated);
      const wrong = problems.flatMap(({ variable, message }) =>
        variable === undefined ? [] : [`${variable}: ${message}`]
      );
      const lists = fields.filter(({ from }) => Object.hasOwn(this.#options.variables, from));
      return [
        ...wrong,
        ...lists.flatMap((field) => {
          const found = sourceProblem(field, known);
          return found === undefined ? [] : [`${field.from}: ${found}`];
        }),
      ];
    });
    const inFile = problems.map(({ file, line, column, message }) =>
      `${file}:${line}:${column}: ${message}`
    );
    const all = [...new Set([...ofVariables, ...inFile])];
    if (all.length === 0) return;
    throw new AppError("invalid_config", `Cannot read the configuration: ${all.join("; ")}`, {
      details: { problems: all },
    });
  }
}

function manifestsOf(agents: readonly ReadFile[]): Manifest[] {
  return agents.flatMap(({ result }) => "manifest" in result ? [result.manifest] : []);
}
