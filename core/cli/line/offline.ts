/** What the CLI does by itself, on this machine's files, instead of asking a daemon. */

import { AppError } from "../../errors.ts";
import type { BackupView, RestoredView } from "../../http/backups_api.ts";

export interface Offline {
  /**
   * Copies the database of AC100_DATA_DIR to any file, whether a daemon runs or not. When `signal`
   * is aborted, its reason is thrown and nothing of the copy is left.
   */
  backUp(file: string, signal: AbortSignal): Promise<BackupView>;
  /** Replaces the database of AC100_DATA_DIR, which no daemon may use, by a backup. */
  restore(file: string): Promise<RestoredView>;
}

/** Loads {@link Offline}: the database's driver is not loaded for other commands. */
export type LoadOffline = () => Promise<Offline>;

/** For a program that has neither the driver nor the right to write files. */
export function refuseOffline(): Promise<never> {
  return Promise.reject(
    new AppError(
      "backup_refused",
      "Cannot do this with the compiled program, which only asks daemons; in the project's " +
        "folder, run the same command with deno task cli",
    ),
  );
}
