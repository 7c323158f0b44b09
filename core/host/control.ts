/**
 * Messages between daemon and host outside the bus, on the host's own lossless connection, which
 * agent traffic cannot fill.
 */

import type { ErrorData } from "../errors.ts";
import type { LogLevel } from "../log.ts";
import type { Manifest } from "./manifest/manifest.ts";

/** A request that the host itself answers, to show that the bus reaches it. */
export const pingAddress = "host.ping";

/** Open requests of a host's agents; more would take up the daemon's time. */
export const openRequestsMax = 4_096;

/** Daemon to host. */
export type HostCommand =
  | OpenCommand
  | { readonly kind: "beat" }
  /** Stop delivering events: a newer host has taken over. */
  | { readonly kind: "retire" }
  /** Another host has ended: drop its open requests. */
  | { readonly kind: "gone"; readonly address: string };

export interface OpenCommand {
  readonly kind: "open";
  /** Name of the broadcast channel; null when frames come over a port of the host's own. */
  readonly channel: string | null;
  /** The host's address on the bus. */
  readonly address: string;
  /** The daemon's address. */
  readonly daemon: string;
  readonly agents: readonly AgentToLoad[];
  /** The instant at which the host lives, in UTC milliseconds; null for the present. */
  readonly asOfMs: number | null;
  /** How long an agent may hold the thread before its first await. */
  readonly budgetMs: number;
  /**
   * A 32-bit count for each of `agents`: its event handlers that run. Read when the host no longer
   * answers. Null for a process, which shares no memory with the daemon.
   */
  readonly handlers: SharedArrayBuffer | null;
}

export interface AgentToLoad {
  readonly file: string;
  readonly url: string;
  readonly manifest: Manifest;
  /** Values for the agent's `config` schema. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The secrets its manifest names. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Host to daemon. */
export type HostReport =
  /** This agent is being imported, and no other. */
  | { readonly kind: "loading"; readonly agent: string }
  /** Every agent has loaded or failed to load. */
  | { readonly kind: "ready"; readonly failed: readonly FailedAgent[] }
  | { readonly kind: "beat" }
  | HostNews;

/** What a host reports about its agents. */
export type HostNews =
  /** An error outside a request: uncaught, unhandled, or thrown by an event handler. */
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
