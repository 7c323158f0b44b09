/**
 * `deno task compile [OUTPUT]` builds the CLI as one executable file, with `deno compile`. If that
 * can't get its runtime, it builds a self-extracting file, which starts the same program.
 */

import { dirname, join, resolve } from "node:path";
import { AppError, messageOf } from "../../errors.ts";
import { packSelfExtracting } from "./self_extracting.ts";

const outputDefault = "dist/100ac";
const compileMsMax = 180_000;

/** The program's permissions; the launcher narrows reading to the token file. */
export const runFlags: readonly string[] = [
  "--no-prompt",
  "--allow-net",
  "--allow-env=AC100_URL,AC100_TOKEN,AC100_DATA_DIR,TERM",
];

interface DenoOutcome {
  readonly ok: boolean;
  readonly stderr: string;
}

/** Builds `output` and returns lines for the user that say how. */
export async function compileCli(output: string): Promise<string[]> {
  await Deno.mkdir(dirname(output), { recursive: true });
  // Next to the output, so that the finished file can be renamed into place.
  const folder = await Deno.makeTempDir({ dir: dirname(output), prefix: ".compile-" });
  try {
    const program = join(folder, "cli.js");
    const built = join(folder, "100ac");
    await bundle(program);
    const obstacle = await compileNatively(program, built);
    if (obstacle !== undefined) await packSelfExtracting(program, built, runFlags);
    await Deno.rename(built, output);
    const { size } = await Deno.stat(output);
    const done = `${output}: ${(size / 1_000_000).toFixed(1)} MB`;
    return obstacle === undefined ? [done] : [
      `deno compile cannot get its runtime (${obstacle}): building a self-extracting file instead.`,
      done,
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function bundle(program: string): Promise<void> {
  const source = resolve(import.meta.dirname ?? "", "../../../cli.ts");
  const args = ["bundle", "--quiet", "--platform=deno", "--minify", "-o", program, source];
  const { ok, stderr } = await runDeno(args);
  if (!ok) throw new AppError("internal", `Cannot bundle "${source}": ${stderr}`);
}

/** Undefined after a build; the reason if the runtime is missing. Other failures throw. */
async function compileNatively(program: string, built: string): Promise<string | undefined> {
  const { ok, stderr } = await runDeno([
    "compile",
    "--quiet",
    "--no-check",
    "--no-config",
    "--no-lock",
    "--allow-read",
    ...runFlags,
    "-o",
    built,
    program,
  ]);
  if (ok) return undefined;
  const causes = [...stderr.matchAll(/^ +\d+: (.+)$/gm)].map(([, cause = ""]) => cause);
  const obstacle = causes.find((cause) => /denort|error sending request/.test(cause));
  if (obstacle !== undefined) return obstacle;
  throw new AppError("internal", `Cannot compile "${program}": ${stderr}`);
}

async function runDeno(args: readonly string[]): Promise<DenoOutcome> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    stdin: "null",
    stdout: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(compileMsMax),
  });
  const { success, stderr } = await command.output();
  return { ok: success, stderr: new TextDecoder().decode(stderr).trim() };
}

if (import.meta.main) {
  const encoder = new TextEncoder();
  try {
    const lines = await compileCli(Deno.args[0] ?? outputDefault);
    await Deno.stdout.write(encoder.encode(`${lines.join("\n")}\n`));
  } catch (thrown) {
    await Deno.stderr.write(encoder.encode(`${messageOf(thrown)}\n`));
    Deno.exit(1);
  }
}
