/** A host in a worker thread: cheap and quick, for honest code. Its permissions are enforced. */

import { stripVTControlCharacters } from "node:util";
import { bulkOverPort } from "../../bus/bulk.ts";
import { isFrame } from "../../bus/frame.ts";
import { AppError, messageOf } from "../../errors.ts";
import type { Grants } from "../manifest/manifest.ts";
import { joinHub } from "./join_hub.ts";
import type { Vessel, VesselOptions } from "./vessel.ts";

/** @throws {AppError} `agent_unavailable` when this process lacks a permission it should grant. */
export function openThread(options: VesselOptions): Vessel {
  const worker = spawnWorker(options.address, options.grants, options.readable);
  const { port1, port2 } = new MessageChannel();
  const frames = options.asOfMs === null ? undefined : openFramePort(options);
  if (!frames) joinHub(options);
  worker.onerror = (event) => {
    event.preventDefault();
    const [reason = ""] = stripVTControlCharacters(event.message).split("\n");
    options.onEnd(`its thread ended: ${reason}`);
  };
  worker.onmessage = ({ data }: MessageEvent) => options.onReport(data);
  return {
    kind: "thread",
    bulk: bulkOverPort(port1),
    command: (command) => {
      const ports = frames ? [port2, frames.forWorker] : [port2];
      worker.postMessage(command, command.kind === "open" ? ports : []);
    },
    end: () => {
      worker.terminate();
      port1.close();
      frames?.close();
      options.hub.leave(options.address);
      return Promise.resolve();
    },
  };
}

/** A port for the host's frames, instead of the channel that threads of the present share. */
function openFramePort(
  options: VesselOptions,
): { readonly forWorker: MessagePort; readonly close: () => void } {
  const { port1, port2 } = new MessageChannel();
  const heard = joinHub(options, (frame) => port1.postMessage(frame));
  port1.onmessage = ({ data }) => {
    if (isFrame(data)) heard(data);
  };
  return { forWorker: port2, close: () => port1.close() };
}

function spawnWorker(name: string, grants: Grants, readable: readonly string[]): Worker {
  try {
    return new Worker(new URL("../inside/thread_entry.ts", import.meta.url), {
      type: "module",
      name,
      deno: {
        permissions: {
          net: listOrNone(grants.net),
          read: [...readable, ...(grants.read ?? [])],
          write: listOrNone(grants.write),
          env: listOrNone(grants.env),
          sys: listOrNone(grants.sys) as boolean,
          run: listOrNone(grants.run),
          ffi: listOrNone(grants.ffi),
          import: listOrNone(grants.import),
        },
      },
    });
  } catch (thrown) {
    throw new AppError(
      "agent_unavailable",
      `Cannot start a host with permissions ${JSON.stringify(grants)}: ${messageOf(thrown)}; ` +
        `the daemon cannot grant permissions it does not have`,
      { cause: thrown },
    );
  }
}

function listOrNone(granted: readonly string[] | undefined): string[] | false {
  return granted && granted.length > 0 ? [...granted] : false;
}
