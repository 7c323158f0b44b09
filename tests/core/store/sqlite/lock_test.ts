/** One daemon per database file: the lock excludes other processes and its own. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { databasePath } from "../../../../core/store/address.ts";
import { lockDatabase } from "../../../../core/store/sqlite/lock.ts";
import { startScript } from "../../../support/child_script.ts";
import { makeTempFolder, type TempFolder } from "../../../support/temp_folder.ts";

function urlIn(folder: TempFolder, name = "test.db"): string {
  return pathToFileURL(join(folder.path, name)).href;
}

const alreadyRunning = { code: "already_running", message: /another daemon uses it; stop it/ };

Deno.test("a locked database is refused within the process, and available after release", async () => {
  await using folder = await makeTempFolder();
  const url = urlIn(folder);
  const first = await lockDatabase(url);
  await assert.rejects(lockDatabase(url), alreadyRunning);
  first?.release();
  (await lockDatabase(url))?.release();
});

Deno.test("another process holds the lock until it is killed, and no longer", async () => {
  await using folder = await makeTempFolder();
  const url = urlIn(folder);
  await using holder = await startScript("store_holder.ts", ["lock", url]);
  await assert.rejects(lockDatabase(url), alreadyRunning);
  await holder.kill();
  (await lockDatabase(url))?.release();
});

Deno.test("different databases have different locks", async () => {
  await using folder = await makeTempFolder();
  const first = await lockDatabase(urlIn(folder, "one.db"));
  const second = await lockDatabase(urlIn(folder, "two.db"));
  first?.release();
  second?.release();
});

Deno.test("a link to a database uses the lock of its target", async () => {
  await using folder = await makeTempFolder({ "real.db": "" });
  await Deno.symlink(join(folder.path, "real.db"), join(folder.path, "link.db"));
  const lock = await lockDatabase(urlIn(folder, "real.db"));
  await assert.rejects(lockDatabase(urlIn(folder, "link.db")), alreadyRunning);
  lock?.release();
});

Deno.test("a server's database has no lock", async () => {
  assert.equal(await lockDatabase("libsql://example.com"), undefined);
});

Deno.test("the error for a lock file that cannot be created names the file", async () => {
  await using folder = await makeTempFolder();
  await assert.rejects(lockDatabase(urlIn(folder, "missing/test.db")), {
    code: "store_unavailable",
    message: /Cannot open lock file ".*missing\/test\.db\.lock": .*; check the folder/,
  });
});

Deno.test("databasePath() reads every form of a file URL", () => {
  assert.equal(databasePath("file:///data/a%20b.db?mode=rwc"), "/data/a b.db");
  assert.equal(databasePath("file:/data/a.db"), "/data/a.db");
  assert.equal(databasePath("file:a%20b.db"), join(Deno.cwd(), "a b.db"));
  assert.equal(databasePath("libsql://example.com"), undefined);
});
