/** Reads workflow files and sends them to the daemon. */

import { AppError, messageOf } from "../../errors.ts";
import type { SavedView, ValidationView } from "../../http/api.ts";
import type { Client } from "./client.ts";

/** The answer to `workflow validate`. */
export interface ValidationAnswer {
  readonly files: readonly ({ readonly file: string } & ValidationView)[];
  /** Whether a daemon checked the files against its agents. */
  readonly with_agents: boolean;
}

/** The largest file that is sent; the daemon accepts 1 MB. */
const fileBytesMax = 4 * 1024 * 1024;

/**
 * Has the daemon check files. If no daemon answers and this program runs from its source, the
 * checks that need no agents run here.
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
 * Reads a file with one workflow and saves that workflow in the daemon under its name.
 * @throws {AppError} `invalid_input`, `invalid_workflow` with every problem, or the daemon's error.
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
    if (!isFile || size > fileBytesMax) throw new Error("it is no regular file or too large");
    return new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  } catch (thrown) {
    const reason = thrown instanceof TypeError ? "it is not UTF-8" : messageOf(thrown);
    throw new AppError("invalid_input", `Cannot read "${path}": ${reason}; check the path`);
  }
}

type Validate = (text: string, file: string) => Omit<ValidationView, "ok">;

/**
 * The daemon's own checks; undefined in the compiled program. They are 700 KB that every command
 * would have to load, so the path is computed, which keeps them out of the bundle.
 */
async function loadChecks(): Promise<Validate | undefined> {
  if (!import.meta.url.endsWith("/core/cli/ask/workflow_files.ts")) return undefined;
  const module = new URL("../../workflow/check/validate.ts", import.meta.url).href;
  const { validateAlone } = await import(module) as { readonly validateAlone: Validate };
  return validateAlone;
}
