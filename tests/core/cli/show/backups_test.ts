import assert from "node:assert/strict";
import { showBackup, showBackups, showRestored } from "../../../../core/cli/show/system.ts";
import { plainLook } from "../plain_look.ts";

Deno.test("a backup is shown with what it holds, a restore with what comes next", () => {
  const made = { path: "/data/backups/a.db", bytes: 1_234_567, sha256: "ab".repeat(32) };
  const contents = { schema_version: 6, executions: 1, bars: 2 };
  assert.equal(
    showBackup({ ...made, ...contents }, plainLook()),
    [
      "Backup made",
      "  File     /data/backups/a.db",
      "  Size     1.2 MB",
      "  Schema   6",
      "  Holds    1 execution, 2 bars",
      `  SHA-256  ${made.sha256}`,
    ].join("\n"),
  );
  const restored = { database: "/data/100ac.db", kept: null, newest_schema_version: 7 };
  const text = showRestored({ ...restored, ...contents }, plainLook());
  assert.match(text, /^Backup restored; start the daemon to use it\n/);
  assert.match(text, /Schema +6, migrated to 7 at the next start\n/);
  assert.match(text, /Replaced +nothing$/);
  assert.equal(
    showBackups({ folder: "/data/backups", backups: [] }, plainLook()),
    "No backups in /data/backups",
  );
  const file = { name: "a.db", bytes: 1, made_at: "2026-01-16T10:30:00.000Z", automatic: true };
  const list = showBackups({ folder: "/data/backups", backups: [file] }, plainLook());
  assert.match(list, /│ a\.db +│ 0\.0 MB │ 2026-01-16T10:30:00\.000Z │ before a migration │/);
  assert.match(list, /\nin \/data\/backups$/);
});
