/** A look without colours, at a fixed instant. */

import type { Look } from "../../../core/cli/show/look.ts";

export function plainLook(values: Partial<Look> = {}): Look {
  const nowMs = Date.parse("2026-01-16T10:30:00Z");
  return { columns: 80, color: false, nowMs, program: "100ac", ...values };
}
