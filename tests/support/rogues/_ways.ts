/** What a rogue tries, and what came of it: for agents that look for a way. */

/** What each way has found, or was refused with. */
export async function tryAll<Args extends readonly unknown[]>(
  ways: Readonly<Record<string, (...args: Args) => unknown>>,
  ...args: Args
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [way, go] of Object.entries(ways)) {
    try {
      found[way] = `worked: ${await go(...args)}`;
    } catch (thrown) {
      found[way] = (thrown as Error).message;
    }
  }
  return found;
}
