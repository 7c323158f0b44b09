/** Market sources as the API shows them. */

import type { SourceView } from "../api.ts";
import type { ControlPlane } from "../control_plane.ts";

/**
 * How a source does, as its agent tells.
 * @throws {AppError} what the agent or the way to it fails with.
 */
export async function sourceStatus(
  { hosts, signal }: ControlPlane,
  source: string,
  timeoutMs: number,
): Promise<SourceView> {
  const answer = await hosts.invoke({
    address: `${source}.source_status`,
    input: "{}",
    caller: "daemon",
    timeoutMs,
    signal,
  });
  return JSON.parse(answer) as SourceView;
}
