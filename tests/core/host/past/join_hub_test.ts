/** The daemon limits a host that forges its frames to its instant, in a thread or a process. */

import assert from "node:assert/strict";
import { Bus } from "../../../../core/bus/bus.ts";
import type { Frame, Message } from "../../../../core/bus/frame.ts";
import { Hub } from "../../../../core/bus/hub.ts";
import { joinHub } from "../../../../core/host/vessel/join_hub.ts";
import { eventually } from "../../../support/eventually.ts";
import { LossyNetwork } from "../../../support/lossy_channel.ts";
import { asOfMs } from "./leaker.ts";

Deno.test("the instant of a request is limited by the host it comes from", async () => {
  const network = new LossyNetwork();
  const hub = new Hub("daemon", network.open());
  const seen: unknown[] = [];
  const bus = new Bus({
    channel: hub,
    address: "daemon",
    onRequest: ({ address, asOfMs }) => {
      seen.push([address, asOfMs]);
      return Promise.resolve(`"of now"`);
    },
  });
  const heard: Frame[] = [];
  const none = (): void => undefined;
  const says = joinHub({
    ...{ hub, daemon: "daemon", address: "host-1", agents: new Set(["rogue"]), asOfMs },
    ...{ grants: {}, readable: [], linksOut: [], hearsEvents: true },
    ...{ onReport: none, onPrinted: none, onEnd: none },
  }, (frame) => heard.push(frame));
  const neighbour = network.open();
  const overheard: Frame[] = [];
  neighbour.listen((frame) => overheard.push(frame));
  let seq = 0;
  const say = (message: Message, parts: Partial<Frame> = {}): void =>
    says({
      ...{ from: "host-1", to: "daemon", ack: 0, beyond: [], eventSeq: 0, events: [] },
      ...{ seqs: [++seq], messages: [message], ...parts },
    });
  const request = (id: number, asOf?: number): Message => ({
    ...{ kind: "request", id, address: `n.${id}`, input: "1", caller: "rogue", timeoutMs: 5_000 },
    ...(asOf === undefined ? {} : { asOfMs: asOf }),
  });
  say(request(1));
  say(request(2, asOfMs + 86_400_000));
  say(request(3, asOfMs - 1));
  await eventually(() => seen.length === 3);
  assert.deepEqual(seen, [["n.1", asOfMs], ["n.2", asOfMs], ["n.3", asOfMs - 1]]);
  const isAnswered = () => heard.some(({ messages }) => messages.length > 0);
  await eventually(isAnswered);

  // Frames that try to bypass the daemon: to a present host, as another host, and to everyone.
  bus.publish("market.quotes_fetched", "1");
  await eventually(() => overheard.some(({ events }) => events.length === 1));
  const before = overheard.filter(({ from }) => from === "host-1").length;
  say(request(4), { to: "host-2" });
  say(request(5), { from: "host-2" });
  say(request(6), { to: "*" });
  say({ kind: "replay", after: 0, upTo: 1 });
  say(request(7));
  await eventually(() => seen.some((each) => String(each) === `n.7,${asOfMs}`));
  assert.equal(seen.length, 4);
  assert.equal(overheard.filter(({ from }) => from === "host-1").length, before);
  assert.equal(before, 0);
  assert.ok(
    heard.every(({ events, eventSeq, from }) =>
      from === "daemon" && events.length === 0 && eventSeq === 0
    ),
  );
  assert.ok(heard.every(({ messages }) => messages.every(({ kind }) => kind === "reply")));
  bus.close();
  neighbour.close();
});
