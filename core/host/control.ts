/**
 * What daemon and host tell each other beside the bus, over the thread's own port: it loses
 * nothing, and no agent traffic can fill it.
 */

import type { ErrorData } from "../errors.ts";
import type { LogLevel } from "../log.ts";
import type { Manifest } from "./manifest.ts";

/** A request that a host answers itself, to show that the bus reaches it. */
export const pingAddress = "host.ping";

/** Daemon to host. */
export type HostCommand =
  | {
    readonly kind: "open";
    /** Name of the bus's channel. */
    readonly channel: string;
    /** The host's own address on it. */
    readonly address: string;
    /** The daemon's address. */
    readonly daemon: string;
    readonly agents: readonly AgentToLoad[];
  }
  | { readonly kind: "beat" }
  /** Another host has ended: whatever is kept for it can be forgotten. */
  | { readonly kind: "gone"; readonly address: string };

export interface AgentToLoad {
  readonly file: string;
  readonly url: string;
  readonly manifest: Manifest;
  /** Values for the agent's `config` schema. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Host to daemon. */
export type HostReport =
  /** All agents are loaded, or have failed to. */
  | { readonly kind: "ready"; readonly failed: readonly FailedAgent[] }
  | { readonly kind: "beat" }
  /** An error that no request was answered with: uncaught, unhandled, or of an event handler. */
  | { readonly kind: "fault"; readonly agent: string | null; readonly message: string }
  | {
    readonly kind: "log";
    readonly level: LogLevel;
    readonly agent: string | null;
    readonly message: string;
    readonly fields: Readonly<Record<string, unknown>>;
  };

export interface FailedAgent {
  readonly id: string;
  readonly error: ErrorData;
}
