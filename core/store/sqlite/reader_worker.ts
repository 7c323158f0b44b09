/** The thread of {@link Reader}: runs the reads it receives one by one, and never writes. */

/// <reference lib="deno.worker" />

import { createClient } from "@libsql/client";
import { messageOf } from "../../errors.ts";
import type { ReadReply, ReadRequest } from "./reader.ts";

/** The worker's name is the URL of its database. */
const client = createClient({ url: self.name, concurrency: 1, intMode: "number" });
const ready = (async () => {
  await client.execute("PRAGMA query_only = ON");
  await client.execute("PRAGMA busy_timeout = 5000");
})();

self.onmessage = async ({ data }: MessageEvent<ReadRequest>) => {
  self.postMessage(await reply(data));
};

async function reply({ id, sql, args }: ReadRequest): Promise<ReadReply> {
  try {
    await ready;
    const { columns, rows } = await client.execute({ sql, args: [...args] });
    // The client's own rows can't be cloned to another thread.
    return {
      id,
      rows: rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]]))),
    };
  } catch (thrown) {
    return { id, problem: messageOf(thrown) };
  }
}
