/** The socket of the control plane. */

import type { Config } from "../config.ts";
import { AppError, messageOf } from "../errors.ts";

/**
 * Listens on the configured host and port.
 * @throws {AppError} `port_taken`, `invalid_config`.
 */
export function serve(
  { host, port }: Config,
  fetch: (request: Request) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve(
      { hostname: host, port, onListen: () => undefined },
      (request) => fetch(request),
    );
  } catch (thrown) {
    const isTaken = thrown instanceof Deno.errors.AddrInUse;
    throw new AppError(
      isTaken ? "port_taken" : "invalid_config",
      isTaken
        ? `Cannot listen on ${host}:${port}: the port is taken; set AC100_PORT to another`
        : `Cannot listen on ${host}:${port}: ${messageOf(thrown)}; set AC100_HOST and AC100_PORT`,
      { cause: thrown },
    );
  }
}

/** The URL by which this machine reaches a server that listens on `host`. */
export function urlOf(host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}
