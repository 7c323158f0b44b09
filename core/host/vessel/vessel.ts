/** What a host's code runs in: a thread of the daemon, or a process of its own. */

import type { BulkWay } from "../../bus/bulk.ts";
import type { Hub } from "../../bus/hub.ts";
import type { HostCommand, HostReport } from "../control.ts";
import type { Grants } from "../manifest/manifest.ts";

export interface VesselOptions {
  /** The host's address on the bus, and its name. */
  readonly address: string;
  readonly hub: Hub;
  /** The daemon's address. */
  readonly daemon: string;
  /** The instant that the host lives at; null: now. */
  readonly asOfMs: number | null;
  readonly grants: Grants;
  /** Ids of the agents that live in it. */
  readonly agents: ReadonlySet<string>;
  /** Folders every host may read: agents and node_modules. */
  readonly readable: readonly string[];
  readonly onReport: (report: HostReport) => void;
  /** Told once when it ended by itself. */
  readonly onEnd: (reason: string) => void;
}

export interface Vessel {
  readonly kind: "thread" | "process";
  /** Where the host's large bodies come and go. */
  readonly bulk: BulkWay;
  command(command: HostCommand): void;
  /**
   * Ends it, and resolves when nothing of it is left. A thread that never yields burns its core
   * until the daemon ends, which is not waited for; a process dies.
   */
  end(): Promise<void>;
}
