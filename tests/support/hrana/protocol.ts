/**
 * What goes over the wire of Hrana over HTTP, versions 2 and 3 in JSON: the requests, checked as
 * they come in, and the answers. Named as the protocol names them.
 */

import { z } from "zod";

const valueSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("null") }),
  z.object({ type: z.literal("integer"), value: z.string().regex(/^-?\d+$/) }),
  z.object({ type: z.literal("float"), value: z.number() }),
  z.object({ type: z.literal("text"), value: z.string() }),
  z.object({ type: z.literal("blob"), base64: z.base64() }),
]);

/** A text of SQL, or the number under which the stream has stored it. */
const textSchema = z.object({ sql: z.string().nullish(), sql_id: z.int32().nullish() });

const statementSchema = textSchema.extend({
  args: z.array(valueSchema).default([]),
  named_args: z.array(z.object({ name: z.string(), value: valueSchema })).default([]),
  want_rows: z.boolean().default(true),
});

export type Condition =
  | { readonly type: "ok" | "error"; readonly step: number }
  | { readonly type: "not"; readonly cond: Condition }
  | { readonly type: "and" | "or"; readonly conds: readonly Condition[] }
  | { readonly type: "is_autocommit" };

const conditionSchema: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    z.object({ type: z.enum(["ok", "error"]), step: z.uint32() }),
    z.object({ type: z.literal("not"), cond: conditionSchema }),
    z.object({ type: z.enum(["and", "or"]), conds: z.array(conditionSchema) }),
    z.object({ type: z.literal("is_autocommit") }),
  ])
);

const batchSchema = z.object({
  steps: z.array(z.object({ condition: conditionSchema.nullish(), stmt: statementSchema })),
});

const requestSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("execute"), stmt: statementSchema }),
  z.object({ type: z.literal("batch"), batch: batchSchema }),
  textSchema.extend({ type: z.literal("sequence") }),
  z.object({ type: z.literal("store_sql"), sql_id: z.int32(), sql: z.string() }),
  z.object({ type: z.literal("close_sql"), sql_id: z.int32() }),
  z.object({ type: z.literal("get_autocommit") }),
  z.object({ type: z.literal("close") }),
]);

/** The body of a `pipeline`: requests to one stream, a new one where there is no baton. */
export const pipelineSchema = z.object({
  baton: z.string().nullish(),
  requests: z.array(requestSchema),
});

export type Value = z.output<typeof valueSchema>;
export type Text = z.output<typeof textSchema>;
export type Statement = z.output<typeof statementSchema>;
export type Batch = z.output<typeof batchSchema>;
export type StreamRequest = z.output<typeof requestSchema>;

export interface StatementResult {
  readonly cols: readonly { readonly name: string; readonly decltype: string | null }[];
  readonly rows: readonly (readonly Value[])[];
  readonly affected_row_count: number;
  readonly last_insert_rowid: string;
}

export interface HranaError {
  readonly message: string;
  readonly code: string;
}

/** An answer to a request: of its type, with what that type brings. */
export type StreamResult =
  | { readonly type: "ok"; readonly response: { readonly type: string } }
  | { readonly type: "error"; readonly error: HranaError };
