/** Yahoo as a source that tries once: a test of one failure need not wait for others. */

import { yahooPolicy } from "../../../agents/_lib/source_defaults.ts";
import type { YahooClient } from "../../../agents/_lib/yahoo_client.ts";
import { YahooSource } from "../../../agents/_lib/yahoo_source.ts";

export function impatientSource(client: YahooClient): YahooSource {
  return new YahooSource(client, yahooPolicy(10_000, { attemptsMax: 1 }));
}
