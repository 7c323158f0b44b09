/** Makes the backups of an open store, one at a time. */

import { join } from "node:path";
import { AppError } from "../../../errors.ts";
import { databasePath } from "../../address.ts";
import type { Backup, BackupFolder, Backups, MakeOptions } from "../../backups.ts";
import { copyDatabase, onServer } from "./copy.ts";
import {
  automaticName,
  checkName,
  filesIn,
  instantName,
  prepareFolder,
  removeSurplus,
  temporaryEnd,
} from "./folder.ts";
import { temporaryFor } from "./whole_file.ts";

export interface SqliteBackupsOptions {
  /** The database. Its lock is held, so that nobody else makes backups in the folder. */
  readonly url: string;
  readonly folder: string;
  readonly now?: () => number;
}

export class SqliteBackups implements Backups {
  readonly #url: string;
  readonly #folder: string;
  readonly #now: () => number;
  readonly #closing = new AbortController();
  #making: Promise<Backup> | undefined;

  constructor({ url, folder, now = Date.now }: SqliteBackupsOptions) {
    this.#url = url;
    this.#folder = folder;
    this.#now = now;
  }

  async make({ name, signal }: MakeOptions = {}): Promise<Backup> {
    if (name !== undefined) checkName(name);
    return await this.#make(name ?? `${instantName(this.#now())}.db`, signal);
  }

  /**
   * Backs up before a migration to schema `version`; removes the oldest of such backups.
   * @throws {AppError} `backup_failed`.
   */
  async makeBefore(version: number): Promise<Backup> {
    const backup = await this.#make(automaticName(version, this.#now()));
    await removeSurplus(this.#folder);
    return backup;
  }

  async list(): Promise<BackupFolder> {
    return { folder: this.#folder, files: await filesIn(this.#folder) };
  }

  /** Ends the backup that is being made. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#making?.catch(() => undefined); // its caller has the reason
  }

  async #make(name: string, signal?: AbortSignal): Promise<Backup> {
    if (databasePath(this.#url) === undefined) {
      throw onServer("back up", this.#url, "make the backup");
    }
    if (this.#making) {
      throw new AppError(
        "conflict",
        `Cannot back up to "${name}": another backup is being made; try again when it is done`,
      );
    }
    this.#making = this.#makeAlone(name, signal);
    try {
      return await this.#making;
    } finally {
      this.#making = undefined;
    }
  }

  async #makeAlone(name: string, signal?: AbortSignal): Promise<Backup> {
    await prepareFolder(this.#folder);
    const path = join(this.#folder, name);
    return await copyDatabase({
      url: this.#url,
      path,
      temporary: temporaryFor(path, temporaryEnd),
      signal: AbortSignal.any([this.#closing.signal, ...signal ? [signal] : []]),
    });
  }
}
