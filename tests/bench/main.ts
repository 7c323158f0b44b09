/** `deno task bench [NAME…] [--json]`: runs the named benchmarks, or all. */

import * as backup from "./backup.ts";
import * as bus from "./bus.ts";
import * as collections from "./collections.ts";
import * as daemon from "./daemon.ts";
import * as engine from "./engine.ts";
import * as history from "./history.ts";
import * as hosts from "./hosts.ts";
import * as market from "./market.ts";
import * as schedule from "./schedule.ts";
import * as streams from "./streams.ts";
import { Printer, type Report } from "./report.ts";

interface Bench {
  readonly name: string;
  run(report: Report): Promise<void>;
}

const benches: readonly Bench[] = [
  bus,
  engine,
  history,
  schedule,
  daemon,
  hosts,
  market,
  collections,
  streams,
  backup,
];

Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const names = args.filter((arg) => arg !== "--json");
  const unknown = names.filter((name) => !benches.some((bench) => bench.name === name));
  if (unknown.length > 0) {
    const known = benches.map(({ name }) => name).join(", ");
    print(`Cannot run benchmark "${unknown.join(" ")}": no such one; choose of ${known}`, "stderr");
    return 2;
  }
  const printer = new Printer(args.includes("--json"), (line) => print(line, "stdout"));
  for (const bench of benches) {
    if (names.length > 0 && !names.includes(bench.name)) continue;
    await bench.run(printer.reportOf(bench.name));
  }
  printer.finish();
  return 0;
}

function print(line: string, to: "stdout" | "stderr"): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (let done = 0; done < bytes.length;) done += Deno[to].writeSync(bytes.subarray(done));
}
