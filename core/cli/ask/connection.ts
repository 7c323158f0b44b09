/**
 * Finds the daemon and the token: the URL from `--url` or AC100_URL, the token from AC100_TOKEN or
 * from the token file of a daemon on this machine. The file's token is only sent to a loopback
 * address.
 */

import { AppError, messageOf } from "../../errors.ts";

export interface Connection {
  /** Without a trailing slash. */
  readonly url: string;
  /** Whether `url` names this machine. */
  readonly isLocal: boolean;
  /** Undefined if no token was found; the daemon then refuses the request. */
  readonly token: string | undefined;
  /** Where the token came from, or where it was not found. */
  readonly tokenSource: string;
}

const urlDefault = "http://127.0.0.1:8100";
const dataFolderDefault = "./data";

/** @throws {AppError} `invalid_config`, `invalid_input` when `--url` is wrong. */
export function findConnection(
  urlOption: string | undefined,
  env: (name: string) => string | undefined,
): Connection {
  const url = urlOption === undefined
    ? parseUrl(env("AC100_URL") || urlDefault, "AC100_URL", "invalid_config")
    : parseUrl(urlOption, "--url", "invalid_input");
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  const base = { url: url.href.replace(/\/+$/, ""), isLocal };
  const token = env("AC100_TOKEN");
  if (token) {
    return { ...base, token: checkToken(token, "AC100_TOKEN"), tokenSource: "AC100_TOKEN" };
  }
  if (!isLocal) return { ...base, token: undefined, tokenSource: "AC100_TOKEN" };
  const path = `${(env("AC100_DATA_DIR") || dataFolderDefault).replace(/\/+$/, "")}/token`;
  return { ...base, token: readToken(path), tokenSource: path };
}

function parseUrl(text: string, source: string, code: "invalid_config" | "invalid_input"): URL {
  const url = URL.parse(text);
  const isPlain = url && /^https?:$/.test(url.protocol) && !url.search && !url.hash &&
    !url.username && !url.password;
  if (isPlain) return url;
  throw new AppError(
    code,
    `Cannot use ${source} "${text}": it is not a plain http(s) URL; write it like ${urlDefault}`,
  );
}

function readToken(path: string): string | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw new AppError(
      "invalid_config",
      `Cannot read token file "${path}": ${
        messageOf(thrown)
      }; set AC100_TOKEN, or AC100_DATA_DIR ` +
        `to the daemon's data folder`,
      { cause: thrown },
    );
  }
  return text.trim() === "" ? undefined : checkToken(text, `"${path}"`);
}

/** Refuses a token that an HTTP header cannot hold. */
function checkToken(text: string, source: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new AppError(
    "invalid_config",
    `Cannot use the token in ${source}: it contains spaces or other invalid characters; copy ` +
      `it from the daemon's data folder`,
  );
}
