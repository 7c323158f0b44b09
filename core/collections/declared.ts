/** A collection as its agent declares it, with derived values computed once. */

import { createHash } from "node:crypto";
import type { z } from "zod";
import { AppError } from "../errors.ts";
import { closest } from "../closest.ts";
import { type JsonSchema, looseSchema } from "../yaml/json_schema.ts";

/** The manifest's entry. */
export interface Declaration {
  readonly name: string;
  readonly key: readonly string[];
  readonly schema: JsonSchema;
  readonly history: boolean;
  readonly retainDays: number | null;
}

export interface Declared extends Declaration {
  readonly agent: string;
  /** Undefined if the daemon can't check values; the agent's host checks them. */
  readonly check: z.ZodType | undefined;
  readonly schemaHash: string;
}

/** Returns the current declarations of an agent. */
export type DeclarationsOf = (agent: string) => readonly Declaration[];

const known = new WeakMap<Declaration, Declared>();

/** Returns the same object for the same declaration. */
export function withDerived(agent: string, declaration: Declaration): Declared {
  const declared = known.get(declaration) ?? { agent, ...declaration, ...derive(declaration) };
  known.set(declaration, declared);
  return declared;
}

/** @throws {AppError} `unknown_collection`. */
export function findDeclared(
  agent: string,
  name: string,
  declarationsOf: DeclarationsOf,
): Declared {
  const all = declarationsOf(agent);
  const found = all.find((one) => one.name === name);
  if (found) return withDerived(agent, found);
  const near = closest(name, all.map((one) => one.name));
  throw new AppError(
    "unknown_collection",
    `Cannot use collection "${name}": agent "${agent}" does not declare it` +
      (near ? `; did you mean "${near}"?` : `; add it to "collections" in its manifest`),
  );
}

function derive({ schema }: Declaration): Pick<Declared, "check" | "schemaHash"> {
  const schemaHash = createHash("sha256").update(JSON.stringify(schema)).digest("hex");
  return { check: looseSchema(schema), schemaHash };
}
