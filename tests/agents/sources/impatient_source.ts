/** Yahoo as a source that tries once: a test of one failure need not wait for others. */

import { yahooPolicy } from "../../../agents/_lib/source/defaults.ts";
import type { YahooClient } from "../../../agents/sources/_yahoo/client.ts";
import { YahooSource } from "../../../agents/sources/_yahoo/source.ts";

export function impatientSource(client: YahooClient): YahooSource {
  return new YahooSource(client, yahooPolicy(10_000, { attemptsMax: 1 }));
}
