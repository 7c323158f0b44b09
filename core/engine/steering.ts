/** Steers one execution while it is advanced: cancel, pause, or stop and leave it in the store. */

import { AppError } from "../errors.ts";

/** What somebody has asked of an execution, as in its row. */
export type Wanted = "pause" | "cancel";

export class Steering {
  readonly #steps = new AbortController();
  readonly #all = new AbortController();
  #wanted: Wanted | null = null;
  #onChange: (() => void) | undefined;

  get wanted(): Wanted | null {
    return this.#wanted;
  }

  /** Aborted when the steps must stop; after a cancel, those of `finally` still run. */
  get stepsSignal(): AbortSignal {
    return this.#steps.signal;
  }

  /** Aborted when the execution is to be left as it is in the store. */
  get stopped(): AbortSignal {
    return this.#all.signal;
  }

  /** Sets the one listener, called at each change. */
  listen(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** Null undoes a pause; a cancel cannot be undone. */
  set(wanted: Wanted | null): void {
    if (this.#wanted === "cancel") return;
    this.#wanted = wanted;
    if (wanted !== "cancel") return this.#onChange?.();
    this.endSteps(new AppError("cancelled", "Cannot continue: the execution was cancelled"));
  }

  /** Aborts the requests of the steps. */
  endSteps(reason: AppError): void {
    this.#steps.abort(reason);
    this.#onChange?.();
  }

  /** Stops advancing and leaves the execution as it is in the store. */
  stop(reason: Error): void {
    this.#all.abort(reason);
    this.#steps.abort(reason);
    this.#onChange?.();
  }
}
