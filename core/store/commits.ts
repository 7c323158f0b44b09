/** Rows for the verbs that have not become operations yet. */

export { CommitQueue, type Verb, type Write, write } from "./sqlite/commits.ts";
