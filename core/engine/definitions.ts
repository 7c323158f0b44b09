/** The workflows that stored executions were started with, read back from their stored texts. */

import { AppError, messageOf } from "../errors.ts";
import type { ClaimableRow, ExecutionReader } from "../store/executions.ts";
import type { Workflow } from "../workflow/definition.ts";
import { restoreWorkflow } from "../workflow/parse.ts";

const keptMax = 256;

export class Definitions {
  readonly #reader: ExecutionReader;
  readonly #kept = new Map<string, Workflow>();

  constructor(reader: ExecutionReader) {
    this.#reader = reader;
  }

  /** Keeps a workflow whose text has just been stored: it need not be read back. */
  keep(definitionId: string, workflow: Workflow): void {
    if (this.#kept.has(definitionId)) return;
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= keptMax && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(definitionId, workflow);
  }

  /**
   * The workflow an execution was started with.
   * @throws {AppError} `invalid_workflow` when its text can't be used any more,
   * `store_unavailable`.
   */
  async of(
    { definitionId, workflowName }: Pick<ClaimableRow, "definitionId" | "workflowName">,
  ): Promise<Workflow> {
    const kept = this.#kept.get(definitionId);
    if (kept) return kept;
    const text = await this.#reader.definitionText(definitionId);
    try {
      if (text === undefined) throw new AppError("internal", "it is not in the store");
      const workflow = restoreWorkflow(text);
      this.keep(definitionId, workflow);
      return workflow;
    } catch (thrown) {
      throw new AppError(
        "invalid_workflow",
        `Cannot use the stored text of workflow "${workflowName}": ${messageOf(thrown)}`,
        { cause: thrown },
      );
    }
  }
}
