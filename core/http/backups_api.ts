/** The answers about backups as they are sent. Types alone, like those of `api.ts`. */

/** A backup that was made and checked. */
export interface BackupView {
  readonly path: string;
  readonly bytes: number;
  readonly schema_version: number;
  /** Of the file, hexadecimal. */
  readonly sha256: string;
  readonly executions: number;
  readonly bars: number;
}

/** The daemon's folder of backups. */
export interface BackupsAnswer {
  readonly folder: string;
  /** Newest first. */
  readonly backups: readonly BackupFileView[];
}

export interface BackupFileView {
  readonly name: string;
  readonly bytes: number;
  readonly made_at: string;
  /** Made before a migration; only the newest of these are kept. */
  readonly automatic: boolean;
}

/** A database that was replaced by a backup. */
export interface RestoredView {
  readonly database: string;
  /** Where the replaced database is; null if there was none. */
  readonly kept: string | null;
  readonly schema_version: number;
  /** The schema to which the next start migrates. */
  readonly newest_schema_version: number;
  readonly executions: number;
  readonly bars: number;
}
