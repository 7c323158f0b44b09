/**
 * The workflows a daemon serves: what the folder holds, checked against the agents there are.
 * Read again when it is asked for after a second, so an edited file needs no restart.
 */

import { AppError } from "../../errors.ts";
import { adviseOn } from "../check/advice.ts";
import { type CheckedCapability, checkWorkflow } from "../check/check.ts";
import type { ParsedWorkflow } from "../definition.ts";
import { findWorkflow, loadWorkflows, readingShare, type WorkflowFolder } from "./files.ts";
import { type ParsedFile, parseWorkflows } from "../form/parse.ts";
import { refusal } from "../problems.ts";
import { saveWorkflow } from "./save.ts";
import type { Problem } from "../../yaml/problem.ts";
import { inOrder } from "../../yaml/problem.ts";

const freshMs = 1_000;

type Capabilities = ReadonlyMap<string, CheckedCapability>;

/** What was found in a text. */
export interface Validated extends Omit<ParsedFile, "readable"> {
  /** What runs, but may not be meant. */
  readonly warnings: readonly Problem[];
}

export interface Saved {
  readonly workflow: ParsedWorkflow;
  readonly warnings: readonly Problem[];
}

export class Catalog {
  readonly #folder: string;
  readonly #capabilities: () => Capabilities;
  readonly #now: () => number;
  /** Workflows that were found to fit these capabilities. */
  #fitting: { readonly capabilities: Capabilities; readonly workflows: WeakSet<ParsedWorkflow> } = {
    capabilities: new Map(),
    workflows: new WeakSet(),
  };
  #read: { readonly folder: Promise<WorkflowFolder>; readonly atMs: number } | undefined;

  constructor(folder: string, capabilities: () => Capabilities, now: () => number = Date.now) {
    this.#folder = folder;
    this.#capabilities = capabilities;
    this.#now = now;
  }

  /** Every workflow, enabled or not, and what is wrong with the files and the enabled ones. */
  async all(): Promise<WorkflowFolder> {
    const { workflows, problems } = await this.#load();
    const problemsOf = this.#looker();
    const wrong: Problem[] = [];
    for (const workflow of workflows) {
      if (workflow.enabled) wrong.push(...await readingShare.whenFree(() => problemsOf(workflow)));
    }
    return { workflows, problems: [...problems, ...wrong] };
  }

  /** The workflows as the files are now, however lately they were read. */
  async reread(): Promise<readonly ParsedWorkflow[]> {
    return (await this.#reload()).workflows;
  }

  /** @throws {AppError} `unknown_workflow`. */
  async named(name: string): Promise<ParsedWorkflow> {
    const folder = await this.#load();
    const found = folder.workflows.find((workflow) => workflow.name === name);
    // It may have been written a moment ago.
    return found ?? findWorkflow(await this.#reload(), name);
  }

  /**
   * A workflow that may be started now.
   * @throws {AppError} `unknown_workflow`, `conflict` when it is disabled, `invalid_workflow` with
   * every problem when it does not fit the agents.
   */
  async runnable(name: string): Promise<ParsedWorkflow> {
    return this.checker()(await this.named(name));
  }

  /**
   * Gives back what may be started now and throws as {@link runnable} does, of many workflows as
   * they were read: those that fitted the agents are looked at again only once the agents change.
   */
  checker(): (workflow: ParsedWorkflow) => ParsedWorkflow {
    const problemsOf = this.#looker();
    return (workflow) => {
      const { name, enabled, file } = workflow;
      const cannot = `Cannot start workflow "${name}"`;
      if (!enabled) {
        const found = `it is disabled; set "enabled: true" in ${file}`;
        throw new AppError("conflict", `${cannot}: ${found}`);
      }
      const problems = problemsOf(workflow);
      if (problems.length > 0) throw refusal(`start workflow "${name}"`, problems);
      return workflow;
    };
  }

  /** What is wrong with a workflow; those that fitted these agents are not looked at again. */
  #looker(): (workflow: ParsedWorkflow) => readonly Problem[] {
    const capabilities = this.#capabilities();
    if (!isSame(capabilities, this.#fitting.capabilities)) {
      this.#fitting = { capabilities, workflows: new WeakSet() };
    }
    const { workflows: fitting } = this.#fitting;
    return (workflow) => {
      const problems = fitting.has(workflow) ? [] : checkWorkflow(workflow, capabilities);
      if (problems.length === 0) fitting.add(workflow);
      return problems;
    };
  }

  /** What a text of workflows would come to as a file called `file`. */
  validate(text: string, file: string): Validated {
    const { workflows, readable, problems } = parseWorkflows(text, file);
    const capabilities = this.#capabilities();
    const more = readable.flatMap((workflow) => checkWorkflow(workflow, capabilities));
    return {
      workflows,
      problems: inOrder([...problems, ...more]),
      warnings: readable.flatMap(adviseOn),
    };
  }

  /**
   * Saves the text of one workflow under its name; its file keeps what else is in it.
   * @throws {AppError} `invalid_workflow` with every problem, `conflict`, `internal`.
   */
  async save(name: string, text: string): Promise<Saved> {
    const { workflows: [workflow], problems, warnings } = this.validate(text, `${name}.yaml`);
    // What is disabled may be written before its agents are there.
    if (problems.length > 0 && (workflow === undefined || workflow.enabled)) {
      throw refusal(`save workflow ${JSON.stringify(name)}`, problems);
    }
    const saved = await saveWorkflow(this.#folder, text, { name });
    this.#read = undefined;
    return { workflow: saved, warnings };
  }

  #load(): Promise<WorkflowFolder> {
    if (this.#read && this.#now() - this.#read.atMs < freshMs) return this.#read.folder;
    return this.#reload();
  }

  #reload(): Promise<WorkflowFolder> {
    this.#read = { folder: loadWorkflows(this.#folder), atMs: this.#now() };
    return this.#read.folder;
  }
}

/** Manifests are read anew when a file changes: one that is the same object has not changed. */
function isSame(one: Capabilities, other: Capabilities): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([address, capability]) => {
    const known = other.get(address);
    return known !== undefined &&
      Object.entries(capability).every(([key, value]) =>
        known[key as keyof CheckedCapability] === value
      );
  });
}
