/** The workflows that stored executions were started with, read back and made ready. */

import { AppError, messageOf } from "../errors.ts";
import type { ClaimableRow, ExecutionReader } from "../store/executions.ts";
import type { Workflow } from "../workflow/definition.ts";
import { type Plan, planWorkflow } from "./plan.ts";
import { restoreWorkflow } from "../workflow/parse.ts";

const keptMax = 256;

export class Definitions {
  readonly #reader: ExecutionReader;
  readonly #kept = new Map<string, Plan>();

  constructor(reader: ExecutionReader) {
    this.#reader = reader;
  }

  /**
   * Makes a workflow ready whose text is `definitionId`, and keeps it: it need not be read back.
   * @throws {AppError} `expression_failed` for an expression that can't be read.
   */
  keep(definitionId: string, workflow: Workflow): Plan {
    const known = this.#kept.get(definitionId);
    if (known) return known;
    const plan = planWorkflow(workflow);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= keptMax && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(definitionId, plan);
    return plan;
  }

  /**
   * The workflow an execution was started with.
   * @throws {AppError} `invalid_workflow` when its text can't be used any more,
   * `store_unavailable`.
   */
  async of(
    { definitionId, workflowName }: Pick<ClaimableRow, "definitionId" | "workflowName">,
  ): Promise<Plan> {
    const kept = this.#kept.get(definitionId);
    if (kept) return kept;
    const text = await this.#reader.definitionText(definitionId);
    try {
      if (text === undefined) throw new AppError("internal", "it is not in the store");
      return this.keep(definitionId, restoreWorkflow(text));
    } catch (thrown) {
      throw new AppError(
        "invalid_workflow",
        `Cannot use the stored text of workflow "${workflowName}": ${messageOf(thrown)}`,
        { cause: thrown },
      );
    }
  }
}
