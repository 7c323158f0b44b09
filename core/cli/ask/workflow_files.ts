/** Workflow files, read by the CLI and given to the daemon. */

import { AppError, messageOf } from "../../errors.ts";
import type { SavedView, ValidationView } from "../../http/api.ts";
import type { Client } from "./client.ts";

/** The answer to `workflow validate`. */
export interface ValidationAnswer {
  readonly files: readonly ({ readonly file: string } & ValidationView)[];
  /** Whether a daemon checked them against its agents. */
  readonly with_agents: boolean;
}

/** The most of a file that is sent; the daemon takes 1 MB. */
const fileBytesMax = 4 * 1024 * 1024;

/**
 * Lets the daemon check files. Where none answers, and this program has its source beside it,
 * what needs no agents is checked here.
 * @throws {AppError} `invalid_input` for a file that can't be read, `not_reachable`.
 */
export async function validateFiles(
  client: Client,
  paths: readonly string[],
): Promise<ValidationAnswer> {
  const texts = await Promise.all(paths.map(async (file) => ({ file, text: await read(file) })));
  try {
    const files = [];
    for (const { file, text } of texts) {
      files.push({ file, ...await client.validate(text, file) });
    }
    return { files, with_agents: true };
  } catch (thrown) {
    const isAlone = thrown instanceof AppError && thrown.code === "not_reachable";
    const validate = isAlone ? await loadChecks() : undefined;
    if (!validate) throw thrown;
    const files = texts.map(({ file, text }) => {
      const found = validate(text, file);
      return { file, ok: found.problems.length === 0, ...found };
    });
    return { files, with_agents: false };
  }
}

/**
 * Saves the workflow in a file under its name.
 * @throws {AppError} `invalid_input`, `invalid_workflow` with every problem, what the daemon says.
 */
export async function saveFile(client: Client, path: string): Promise<SavedView> {
  const text = await read(path);
  const { workflows, problems } = await client.validate(text, path);
  const [name, ...others] = workflows;
  if (name !== undefined && others.length === 0) return await client.saveWorkflow(name, text);
  const found = problems.length > 0
    ? `it has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}`
    : `it holds ${workflows.length} workflows; save one at a time`;
  throw new AppError("invalid_workflow", `Cannot save "${path}": ${found}`, {
    details: { problems },
  });
}

async function read(path: string): Promise<string> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile || size > fileBytesMax) throw new Error("it is no file, or too large");
    return new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  } catch (thrown) {
    const reason = thrown instanceof TypeError ? "it is not UTF-8" : messageOf(thrown);
    throw new AppError("invalid_input", `Cannot read "${path}": ${reason}; check the path`);
  }
}

type Validate = (text: string, file: string) => Omit<ValidationView, "ok">;

/**
 * The daemon's own checks; undefined in the program of one file. They are 700 KB that other
 * commands would have to load: the path is computed, so that no bundle takes them in.
 */
async function loadChecks(): Promise<Validate | undefined> {
  if (!import.meta.url.endsWith("/core/cli/ask/workflow_files.ts")) return undefined;
  const module = new URL("../../workflow/check/validate.ts", import.meta.url).href;
  const { validateAlone } = await import(module) as { readonly validateAlone: Validate };
  return validateAlone;
}
