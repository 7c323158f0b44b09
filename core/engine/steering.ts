/** How an enactment is told what to do: cancel, pause, or stop and leave it to another. */

import { AppError } from "../errors.ts";

export class Steering {
  readonly #steps = new AbortController();
  readonly #all = new AbortController();
  #wanted: "pause" | "cancel" | undefined;
  #onChange: (() => void) | undefined;

  constructor(wanted: "pause" | "cancel" | null = null) {
    if (wanted === "cancel") this.cancel();
    if (wanted === "pause") this.pause();
  }

  get wanted(): "pause" | "cancel" | undefined {
    return this.#wanted;
  }

  /** Aborted when the steps are to give way; those of `finally` go on when it is cancelled. */
  get stepsSignal(): AbortSignal {
    return this.#steps.signal;
  }

  /** Aborted when it is to be left as it is. */
  get stopped(): AbortSignal {
    return this.#all.signal;
  }

  /** Called at each change; one listener. */
  listen(onChange: () => void): void {
    this.#onChange = onChange;
  }

  cancel(): void {
    this.#wanted = "cancel";
    this.endSteps(new AppError("cancelled", "Cannot go on: the execution was cancelled"));
  }

  pause(): void {
    this.#wanted ??= "pause";
    this.#onChange?.();
  }

  resume(): void {
    if (this.#wanted === "pause") this.#wanted = undefined;
    this.#onChange?.();
  }

  /** Ends what the steps wait for. */
  endSteps(reason: AppError): void {
    this.#steps.abort(reason);
    this.#onChange?.();
  }

  /** Leaves it as it is in the store. */
  stop(reason: Error): void {
    this.#all.abort(reason);
    this.#steps.abort(reason);
    this.#onChange?.();
  }
}
