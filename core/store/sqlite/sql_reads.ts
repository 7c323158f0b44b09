/** The type of a set of reads, by name. */

import type { Answer, Ask, ReadName } from "../query.ts";
import type { Reading } from "./reading.ts";

export type SqlRead<N extends ReadName> = (from: Reading, ask: Ask<N>) => Promise<Answer<N>>;

export type SqlReads<N extends ReadName> = { readonly [Name in N]: SqlRead<Name> };
