/** Backups as the control plane and the CLI show them. */

import type { Backup, BackupFolder, Restored } from "../../store/backups.ts";
import type { BackupsAnswer, BackupView, RestoredView } from "../backups_api.ts";

export function backupView(backup: Backup): BackupView {
  const { path, bytes, schemaVersion, sha256, executions, bars } = backup;
  return { path, bytes, schema_version: schemaVersion, sha256, executions, bars };
}

export function backupsAnswer({ folder, files }: BackupFolder): BackupsAnswer {
  return {
    folder,
    backups: files.map(({ name, bytes, madeAtMs, automatic }) => (
      { name, bytes, made_at: new Date(madeAtMs).toISOString(), automatic }
    )),
  };
}

export function restoredView(restored: Restored): RestoredView {
  const { database, kept = null, schemaVersion, newestSchemaVersion, executions, bars } = restored;
  return {
    database,
    kept,
    schema_version: schemaVersion,
    newest_schema_version: newestSchemaVersion,
    executions,
    bars,
  };
}
