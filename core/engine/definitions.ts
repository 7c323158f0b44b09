/** The plans of the workflows that stored executions were started with, read back and cached. */

import { AppError, messageOf } from "../errors.ts";
import type { ClaimableRow } from "../store/reads/executions.ts";
import type { Store } from "../store/store.ts";
import type { Workflow } from "../workflow/definition.ts";
import { type Plan, planWorkflow } from "./decide/plan.ts";
import { restoreWorkflow } from "../workflow/form/parse.ts";

const keptMax = 256;
/** How many texts are remembered as stored. */
const storedMax = 20_000;
/** Shorter than any retention: a text is kept as long as its executions. */
const storedMs = 3_600_000;

export class Definitions {
  readonly #store: Store;
  readonly #kept = new Map<string, Plan>();
  readonly #stored = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Compiles and caches the plan of a workflow whose text is `definitionId`, so that it need not be
   * read back.
   * @throws {AppError} `expression_failed` for an expression that does not compile.
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

  /** Records that the text is in the store, because an execution of it was committed at `atMs`. */
  noteStored(definitionId: string, atMs: number): void {
    if (this.#stored.size >= storedMax) this.#stored.clear();
    this.#stored.set(definitionId, atMs);
  }

  /** Whether the text is certainly in the store and need not be written again. */
  isStored(definitionId: string, nowMs: number): boolean {
    const atMs = this.#stored.get(definitionId);
    return atMs !== undefined && Math.abs(nowMs - atMs) < storedMs;
  }

  /**
   * The workflow an execution was started with.
   * @throws {AppError} `invalid_workflow` when its text can no longer be used, `store_unavailable`.
   */
  async of(
    { definitionId, workflowName }: Pick<ClaimableRow, "definitionId" | "workflowName">,
  ): Promise<Plan> {
    const kept = this.#kept.get(definitionId);
    if (kept) return kept;
    const text = await this.#store.read({ read: "definition_text", definitionId });
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
