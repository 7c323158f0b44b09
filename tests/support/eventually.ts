/** Waiting for what happens in its own time: tests never sleep. */

import assert from "node:assert/strict";

const pollEveryMs = 5;

/** What is left of a type when it is known to be truthy. */
type Truthy<Value> = Exclude<Value, undefined | null | false | 0 | "">;

/** The first truthy value of `condition`; fails when there is none within `withinMs`. */
export async function eventually<Value>(
  condition: () => Value | undefined | false | Promise<Value | undefined | false>,
  { withinMs = 5_000 }: { readonly withinMs?: number } = {},
): Promise<Truthy<Value>> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value) return value as Truthy<Value>;
    if (performance.now() >= untilMs) assert.fail(`not within ${withinMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
  }
}
