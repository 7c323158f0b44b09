/** The open requests of an execution. Results are collected here until its next turn takes them. */

import { toErrorData } from "../../errors.ts";
import { capabilityAddress } from "../../ids.ts";
import { Mask } from "../../mask.ts";
import type { Begin } from "../decide/decision.ts";
import { type Outcome, stopped } from "./outcome.ts";

/** Invokes a capability; input and output are JSON text. */
export type Invoke = (
  address: string,
  input: string,
  options: {
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    /** The request sees what was public at this instant; undefined: now. */
    readonly asOfMs: number | undefined;
  },
) => Promise<string>;

/** An attempt that has ended. */
export interface Ended {
  readonly begun: Begin;
  readonly outcome: Outcome;
}

export interface RequestsOptions {
  readonly invoke: Invoke;
  /** The instant the execution sees up to; null for the present. */
  readonly asOfMs: number | null;
  /**
   * All of the daemon's secrets, since an agent may return its own as well as those it was sent.
   */
  readonly secrets: Readonly<Record<string, string>>;
  /** Aborted when the execution is to be left as it is in the store. */
  readonly stopped: AbortSignal;
  readonly now: () => number;
  readonly onEnded: () => void;
}

export class Requests {
  readonly #options: RequestsOptions;
  /** Masks answers, which are stored, published and read by other steps. */
  readonly #mask: Mask;
  #ended: Ended[] = [];
  #openCount = 0;

  constructor(options: RequestsOptions) {
    this.#options = options;
    this.#mask = new Mask(options.secrets);
  }

  /** Requests without an answer yet. */
  get openCount(): number {
    return this.#openCount;
  }

  /** Ended attempts that have not been taken yet. */
  get endedCount(): number {
    return this.#ended.length;
  }

  takeEnded(): readonly Ended[] {
    return this.#ended.splice(0);
  }

  /** Sends a step's request; aborting `signal` cancels it. */
  ask(begun: Begin, signal: AbortSignal): void {
    const { invoke, asOfMs } = this.#options;
    const { step: { agent, capability, timeoutMs } } = begun.planned;
    this.#openCount++;
    Promise.try(() => {
      signal.throwIfAborted();
      const options = { timeoutMs, signal, asOfMs: asOfMs ?? undefined };
      return invoke(capabilityAddress(agent, capability), begun.input, options);
    }).then((answer) => this.#mask.json(answer)).then(
      (result) => this.#end(begun, { status: "completed", result, error: null }),
      (thrown) => this.#end(begun, this.#failure(thrown, signal)),
    );
  }

  #failure(thrown: unknown, signal: AbortSignal): Omit<Outcome, "atMs"> {
    if (this.#options.stopped.aborted) return stopped;
    const data = toErrorData(signal.aborted ? signal.reason : thrown, "internal");
    const { code, message } = { code: data.code, message: this.#mask.text(data.message) };
    return {
      status: signal.aborted ? "cancelled" : "failed",
      result: null,
      error: code === "cancelled" ? null : { code, message },
    };
  }

  #end(begun: Begin, outcome: Omit<Outcome, "atMs">): void {
    const { now, onEnded } = this.#options;
    this.#openCount--;
    this.#ended.push({ begun, outcome: { ...outcome, atMs: now() } });
    onEnded();
  }
}
