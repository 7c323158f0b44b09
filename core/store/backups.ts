/** Backups as a store offers them: whole copies of its database, in a folder of their own. */

export interface Backups {
  /**
   * Copies the database as it is at one instant, at the earliest that of the call: everything that
   * was acknowledged before is in the copy. Reads and commits go on meanwhile. The copy is checked
   * before it gets its name, so a file in the folder is always a whole backup. One at a time.
   * @throws {AppError} `invalid_input` for a name, `conflict` if the file exists or another backup
   * is being made, `backup_refused` for a database on a server, `backup_failed`.
   */
  make(options?: MakeOptions): Promise<Backup>;
  /** Newest first. Copies that are being made are not listed. */
  list(): Promise<BackupFolder>;
}

export interface MakeOptions {
  /** The file's name in the folder; by default that of the instant. */
  readonly name?: string | undefined;
  /** Ends the copying; nothing of it is left. */
  readonly signal?: AbortSignal;
}

/** What a copy holds, as it was read from the copy in one snapshot. */
export interface Contents {
  readonly schemaVersion: number;
  readonly executions: number;
  readonly bars: number;
}

export interface Backup extends Contents {
  readonly path: string;
  readonly bytes: number;
  /** Of the file, hexadecimal. */
  readonly sha256: string;
}

export interface BackupFolder {
  readonly folder: string;
  readonly files: readonly BackupFile[];
}

export interface BackupFile {
  readonly name: string;
  readonly bytes: number;
  readonly madeAtMs: number;
  /** Made before a migration; only the newest of these are kept. */
  readonly automatic: boolean;
}

/** A database that a backup has replaced. */
export interface Restored extends Contents {
  readonly database: string;
  /** Where the replaced database is; undefined if there was none. */
  readonly kept: string | undefined;
  /** The schema to which the next start migrates. */
  readonly newestSchemaVersion: number;
}
