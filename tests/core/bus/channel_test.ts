/** Channels that a thread opens and closes in turn, as successive daemons in one process do. */

import assert from "node:assert/strict";
import { Bus } from "../../../core/bus/bus.ts";
import { openBroadcastChannel } from "../../../core/bus/channel.ts";
import { startEchoThread } from "../../support/echo_thread.ts";

Deno.test("a channel opened as the thread's last one closes reaches other threads", async () => {
  for (let round = 0; round < 20; round++) {
    openBroadcastChannel("before").close();
    const name = `round-${round}`;
    const channel = openBroadcastChannel(name);
    const bus = new Bus({ channel, address: "daemon", onRequest: () => Promise.resolve("null") });
    using _thread = await startEchoThread(name, "echo");
    const answer = await bus.request("echo", "echo", String(round), { timeoutMs: 10_000 });
    assert.equal(answer, `[${round},1]`);
    bus.close();
  }
});
