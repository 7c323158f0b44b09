/**
 * `/api/v1/executions/:id/events`: an execution as a stream of server-sent events: where it stands
 * now, then its changes, until it ends. Every event carries the whole view.
 */

import type { ExecutionId } from "../../ids.ts";
import type { ControlPlane } from "../control_plane.ts";
import { readExecution, readRow } from "../views/executions.ts";
import { Followers } from "./followers.ts";
import { Streams } from "./streams.ts";

const streamsMax = 500;
/** A view is sent when the one before is taken, of any size: one waits at most. */
const backlog = { framesMax: 1, bytesMax: Infinity };

export type ExecutionStream = (request: Request, id: ExecutionId) => Promise<Response>;

/** @throws {AppError} the stream: `unknown_execution`; `overloaded` when too many are open. */
export function openExecutionStreams(
  { bus, log, store, definitions, signal }: ControlPlane,
): ExecutionStream {
  const streams = new Streams({ subject: "executions", streamsMax, backlog, signal });
  const readView = (id: ExecutionId) => readExecution(store, definitions, id);
  const followers = new Followers({ bus, log, readView });
  return async (request, id) => {
    await readRow(store, id);
    return streams.respond(request, followers.of(id));
  };
}
