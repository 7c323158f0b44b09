/** The thread of {@link copyDatabase}'s process: copies a database and checks the copy. */

/// <reference lib="deno.worker" />

import { createHash } from "node:crypto";
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { type Client, createClient } from "@libsql/client";
import { AppError, toErrorData } from "../../../errors.ts";
import type { CopyReply, CopyRequest } from "./copy.ts";
import { examine } from "./examine.ts";

/** Room that stays free: the daemon commits on the same disk. */
const spareBytes = 16_000_000;
const hashChunkBytes = 1_048_576;

self.onmessage = async ({ data }: MessageEvent<CopyRequest>) => {
  self.postMessage(await reply(data));
};

async function reply(request: CopyRequest): Promise<CopyReply> {
  try {
    await copy(request);
    const examined = await examine(request.temporary);
    if (examined.kind === "unsound") {
      throw new AppError("backup_failed", `the database ${examined.found}`);
    }
    const { size: bytes } = Deno.statSync(request.temporary);
    return { copied: { ...examined.contents, bytes, sha256: hashOf(request.temporary) } };
  } catch (thrown) {
    return { error: toErrorData(thrown, "backup_failed") };
  }
}

/** One statement copies one snapshot, into a file that is there and empty. */
async function copy({ url, temporary }: CopyRequest): Promise<void> {
  const source = createClient({ url, concurrency: 1, intMode: "number" });
  try {
    await source.execute("PRAGMA busy_timeout = 5000");
    await checkRoom(source, temporary);
    await source.execute({ sql: "VACUUM INTO ?", args: [temporary] });
  } finally {
    source.close();
  }
}

/** A disk that fills up would stop the daemon's commits, too. */
async function checkRoom(source: Client, temporary: string): Promise<void> {
  const { rows: [pages] } = await source.execute(
    "SELECT (page_count - freelist_count) * page_size AS bytes " +
      "FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
  );
  const needed = Number(pages?.["bytes"]) + spareBytes;
  const { bavail, bsize } = statfsSync(dirname(temporary));
  if (bavail * bsize >= needed) return;
  const [free, wanted] = [bavail * bsize, needed].map((bytes) => (bytes / 1_000_000).toFixed(0));
  throw new AppError("backup_failed", `the disk has ${free} MB free, and it takes ${wanted} MB`);
}

function hashOf(path: string): string {
  using file = Deno.openSync(path);
  const hash = createHash("sha256");
  const chunk = new Uint8Array(hashChunkBytes);
  for (let read = file.readSync(chunk); read !== null; read = file.readSync(chunk)) {
    hash.update(chunk.subarray(0, read));
  }
  return hash.digest("hex");
}
