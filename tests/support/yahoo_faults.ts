/** The ways in which Yahoo is known to fail, for the replay server to do. */

/** An answer with no data in it. */
interface Answer {
  readonly kind: "answer";
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a request is answered with instead of data. */
export type Fault =
  | Answer
  /** The first half of the right answer. */
  | { readonly kind: "truncated" }
  /** No answer at all. */
  | { readonly kind: "hang" }
  /** A byte every few milliseconds, for ever. */
  | { readonly kind: "drip" };

const html = "<!doctype html><title>Will be right back</title>";

export const faults = {
  unauthorized: refusal(401, "Unauthorized", "Invalid Crumb"),
  notFound: refusal(404, "Not Found", "No data found, symbol may be delisted"),
  badRequest: refusal(400, "Bad Request", "Invalid input"),
  serverError: refusal(500, "Internal Server Error", ""),
  rateLimited: (retryAfter?: number | string): Answer => ({
    kind: "answer",
    status: 429,
    body: "Too Many Requests\r\n",
    ...(retryAfter === undefined ? {} : { headers: { "retry-after": String(retryAfter) } }),
  }),
  html: { kind: "answer", status: 200, body: html },
  redirect: { kind: "answer", status: 302, body: "", headers: { location: "https://login.test/" } },
  truncated: { kind: "truncated" },
  hang: { kind: "hang" },
  drip: { kind: "drip" },
} as const satisfies Record<string, Fault | ((retryAfter?: number | string) => Fault)>;

function refusal(status: number, code: string, description: string): Answer {
  const error = { code, description };
  return { kind: "answer", status, body: JSON.stringify({ finance: { result: null, error } }) };
}
