/** What a host's code runs in: a thread of the daemon, or its own process. */

import type { BulkWay } from "../../bus/bulk.ts";
import type { Hub } from "../../bus/hub.ts";
import type { LogLevel } from "../../log.ts";
import type { HostCommand } from "../control.ts";
import type { Grants } from "../manifest/manifest.ts";

export interface VesselOptions {
  /** The host's address on the bus, which is also its name. */
  readonly address: string;
  readonly hub: Hub;
  /** The daemon's address. */
  readonly daemon: string;
  /** The instant at which the host lives; null for the present. */
  readonly asOfMs: number | null;
  readonly grants: Grants;
  /** Ids of the agents that live in it. */
  readonly agents: ReadonlySet<string>;
  /** Whether any of them subscribes to events. */
  readonly hearsEvents: boolean;
  /** Folders every host may read: agents and node_modules. */
  readonly readable: readonly string[];
  /** Links in the agents folder that leave it; a process must not read through them. */
  readonly linksOut: readonly string[];
  /** Called with what the host reports, unchecked. */
  readonly onReport: (report: unknown) => void;
  /** Called with each line that agents print past the console, in a process. */
  readonly onPrinted: (level: LogLevel, line: string) => void;
  /** Called once, if it ended by itself or must end. */
  readonly onEnd: (reason: string) => void;
}

export interface Vessel {
  readonly kind: "thread" | "process";
  /** The way for the host's large bodies. */
  readonly bulk: BulkWay;
  command(command: HostCommand): void;
  /**
   * Ends it; resolves when its process has ended. A thread that never yields is not waited for: it
   * burns a core until the daemon ends.
   */
  end(): Promise<void>;
}
