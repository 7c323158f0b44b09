/** `/api/v1/system/backups`: made under plain names in the daemon's folder, and listed. */

import assert from "node:assert/strict";
import type { BackupsAnswer, BackupView } from "../../../../core/http/backups_api.ts";
import { startTestDaemon } from "../../../support/test_daemon.ts";

Deno.test("a client makes backups in the daemon's folder, and nowhere else", async () => {
  await using daemon = await startTestDaemon();
  const make = (body?: string): Promise<Response> =>
    daemon.api("/system/backups", { method: "POST", ...body === undefined ? {} : { body } });
  const list = async (): Promise<BackupsAnswer> =>
    await (await daemon.api("/system/backups")).json();
  const { dataFolder } = daemon.daemon.plane.config;
  assert.deepEqual(await list(), { folder: `${dataFolder}/backups`, backups: [] });

  const made = await make('{"name":"first.db"}');
  assert.equal(made.status, 201);
  const { path, bytes, sha256 } = await made.json() as BackupView;
  assert.equal(path, `${dataFolder}/backups/first.db`);
  assert.match(sha256, /^[0-9a-f]{64}$/);
  assert.match((await (await make()).json() as BackupView).path, /\/\d{4}-\d\d-\d\dT[\d-]+Z\.db$/);

  const refusals: Readonly<Record<string, [number, string]>> = {
    '{"name":"first.db"}': [409, "conflict"],
    '{"name":"../token.db"}': [400, "invalid_input"],
    '{"name":"/etc/first.db"}': [400, "invalid_input"],
    '{"name":"a%2Fb.db"}': [400, "invalid_input"],
    '{"path":"/tmp/first.db"}': [400, "invalid_input"],
    '{"name":1}': [400, "invalid_input"],
    "first.db": [400, "invalid_input"],
  };
  for (const [body, expected] of Object.entries(refusals)) {
    const response = await make(body);
    assert.deepEqual([response.status, (await response.json()).code], expected, body);
  }
  const { backups } = await list();
  assert.deepEqual(backups.map(({ automatic }) => automatic), [false, false]);
  assert.equal(backups.find(({ name }) => name === "first.db")?.bytes, bytes);

  const stranger = await fetch(`${daemon.daemon.url}/api/v1/system/backups`, { method: "POST" });
  assert.equal(stranger.status, 401);
  await stranger.body?.cancel();
});
