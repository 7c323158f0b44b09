/**
 * Who may ask: programs bring the bearer token; a browser brings a cookie, which it gets by a link
 * that works once. The cookie opens pages and reads, never writes.
 */

import { timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { AppError, messageOf } from "../errors.ts";

const linkMsMax = 10 * 60 * 1_000;
const linksMax = 100;
const sessionsMax = 100;

export const sessionCookie = "ac100_session";

export class Gate {
  readonly #token: string;
  readonly #now: () => number;
  readonly #links = new Map<string, number>();
  readonly #sessions = new Set<string>();

  constructor(token: string, now: () => number = Date.now) {
    this.#token = token;
    this.#now = now;
  }

  /** Whether the value of an Authorization header carries the token. */
  admitsHeader(header: string | undefined): boolean {
    const [scheme, token = ""] = (header ?? "").split(" ");
    return scheme?.toLowerCase() === "bearer" && equal(token, this.#token);
  }

  admitsSession(cookie: string | undefined): boolean {
    return cookie !== undefined && this.#sessions.has(cookie);
  }

  /** A secret for a link that opens one session within ten minutes. */
  makeLink(): string {
    const secret = randomSecret();
    this.#links.set(secret, this.#now() + linkMsMax);
    dropOldest(this.#links, linksMax);
    return secret;
  }

  /** Trades a link's secret for a session; undefined when it was used or is too old. */
  openSession(secret: string): string | undefined {
    const expiresAtMs = this.#links.get(secret);
    this.#links.delete(secret);
    if (expiresAtMs === undefined || expiresAtMs < this.#now()) return undefined;
    const session = randomSecret();
    this.#sessions.add(session);
    dropOldest(this.#sessions, sessionsMax);
    return session;
  }
}

/**
 * The token kept in the data folder, readable by its owner alone; written at the first start. What
 * a file of that name holds, if it is no token, is somebody's and stays.
 * @throws {AppError} `invalid_config` when it can't be read or written, or holds something else.
 */
export async function loadToken(dataFolder: string): Promise<string> {
  const path = join(dataFolder, "token");
  try {
    return await readToken(path) ?? await writeToken(path);
  } catch (thrown) {
    throw new AppError(
      "invalid_config",
      `Cannot use token file "${path}": ${messageOf(thrown)}; set AC100_TOKEN, or ` +
        `AC100_DATA_DIR to a folder that may be written and has no other file of that name`,
      { cause: thrown },
    );
  }
}

/** Undefined when there is no such file, or a crash has left it empty. */
async function readToken(path: string): Promise<string | undefined> {
  try {
    const { isFile, mode } = await Deno.stat(path);
    if (!isFile) throw new Error("it is no file");
    const token = (await Deno.readTextFile(path)).trim();
    if (token !== "" && !/^[!-~]{16,256}$/.test(token)) {
      throw new Error("it does not hold 16 to 256 printable characters without spaces");
    }
    if (token === "") return undefined;
    if (mode !== null && (mode & 0o077) !== 0) {
      throw new Error("others may read it; remove it, or make it private with chmod 600");
    }
    return token;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

async function writeToken(path: string): Promise<string> {
  const token = randomSecret();
  await Deno.writeTextFile(path, `${token}\n`, { mode: 0o600 });
  await Deno.chmod(path, 0o600); // an existing file keeps its mode
  return token;
}

function randomSecret(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
}

function equal(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => new TextEncoder().encode(text));
  return left !== undefined && right !== undefined && left.length === right.length &&
    timingSafeEqual(left, right);
}

function dropOldest(kept: Map<string, unknown> | Set<string>, max: number): void {
  for (const oldest of kept.keys()) {
    if (kept.size <= max) return;
    kept.delete(oldest);
  }
}
