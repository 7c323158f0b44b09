/**
 * Reads event streams in a process of its own until it is ended. Arguments: a bearer token, and
 * the streams' addresses. It is ready once each of them has sent something.
 */

import { endWithTest, sayReady } from "./child_script.ts";

const [token, ...urls] = Deno.args;
const headers = { authorization: `Bearer ${token}` };
await Promise.all(urls.map(open));
sayReady();
await endWithTest();

async function open(url: string): Promise<void> {
  const response = await fetch(url, { headers });
  if (!response.ok || !response.body) throw new Error(`${url}: ${await response.text()}`);
  const reader = response.body.getReader();
  await reader.read();
  void readOn(reader);
}

async function readOn(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}
