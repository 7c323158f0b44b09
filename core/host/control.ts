/**
 * Messages between daemon and host beside the bus, over the host's own way: it loses nothing, and
 * no agent traffic can fill it.
 */

import type { ErrorData } from "../errors.ts";
import type { LogLevel } from "../log.ts";
import type { Manifest } from "./manifest/manifest.ts";

/** A request that a host answers itself, to show that the bus reaches it. */
export const pingAddress = "host.ping";

/** Daemon to host. */
export type HostCommand =
  | OpenCommand
  | { readonly kind: "beat" }
  /** Hear no more events: a newer host has taken over. */
  | { readonly kind: "retire" }
  /** Another host has ended: whatever is kept for it can be forgotten. */
  | { readonly kind: "gone"; readonly address: string };

export interface OpenCommand {
  readonly kind: "open";
  /** Name of the bus's channel; null when its frames come over a port of their own. */
  readonly channel: string | null;
  /** The host's own address on it. */
  readonly address: string;
  /** The daemon's address. */
  readonly daemon: string;
  readonly agents: readonly AgentToLoad[];
  /** The instant that it lives at, in UTC milliseconds; null: now. */
  readonly asOfMs: number | null;
  /** How long an agent may hold the thread before its first await. */
  readonly budgetMs: number;
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
  /** An agent is imported now, and none beside it. */
  | { readonly kind: "loading"; readonly agent: string }
  /** All agents are loaded, or have failed to. */
  | { readonly kind: "ready"; readonly failed: readonly FailedAgent[] }
  | { readonly kind: "beat" }
  | HostNews;

/** What a host has to say of its agents. */
export type HostNews =
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
