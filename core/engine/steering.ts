/** How one execution is steered while it is advanced: cancel, pause, or stop and leave it. */

import { AppError } from "../errors.ts";

/** What somebody wants of an execution; its row says the same. */
export type Wanted = "pause" | "cancel";

export class Steering {
  readonly #steps = new AbortController();
  readonly #all = new AbortController();
  #wanted: Wanted | null = null;
  #onChange: (() => void) | undefined;

  get wanted(): Wanted | null {
    return this.#wanted;
  }

  /** Aborted when the steps have to stop; those of `finally` still run after a cancel. */
  get stepsSignal(): AbortSignal {
    return this.#steps.signal;
  }

  /** Aborted when the execution is to be left as it is. */
  get stopped(): AbortSignal {
    return this.#all.signal;
  }

  /** Called at each change; one listener. */
  listen(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** Null takes a pause back; a cancel can't be taken back. */
  set(wanted: Wanted | null): void {
    if (this.#wanted === "cancel") return;
    this.#wanted = wanted;
    if (wanted !== "cancel") return this.#onChange?.();
    this.endSteps(new AppError("cancelled", "Cannot go on: the execution was cancelled"));
  }

  /** Ends what the steps wait for. */
  endSteps(reason: AppError): void {
    this.#steps.abort(reason);
    this.#onChange?.();
  }

  /** Leaves the execution as it is in the store. */
  stop(reason: Error): void {
    this.#all.abort(reason);
    this.#steps.abort(reason);
    this.#onChange?.();
  }
}
