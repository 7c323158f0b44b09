/** Which texts of SQL a libSQL server takes: its streams come and go, and share one file. */

/** Served with an argument and without. */
const pragmasFree = new Set([
  ...["table_list", "table_info", "table_xinfo", "index_list", "index_xinfo", "function_list"],
  ...["pragma_list", "compile_options", "database_list", "collation_list", "encoding"],
  ...["foreign_keys", "foreign_key_list", "foreign_key_check", "defer_foreign_keys"],
  ...["data_version", "freelist_count", "page_count", "integrity_check", "quick_check"],
  ...["stats", "user_version"],
]);

/** Served without an argument: they are read, never set. */
const pragmasRead = new Set([
  ...["application_id", "auto_vacuum", "busy_timeout", "cache_size", "journal_mode"],
  ...["journal_size_limit", "locking_mode", "max_page_count", "mmap_size", "page_size"],
  ...["query_only", "schema_version", "synchronous", "temp_store", "wal_autocheckpoint"],
]);

const quotedOrComment = /'(?:[^']|'')*'|"[^"]*"|--[^\n]*|\/\*.*?\*\//gs;
const statements = /(?:^|;)\s*(?:explain\s+)?([a-z]+)\b([^;]*)/gi;

/** The first statement that a server refuses; undefined when it takes all of the text. */
export function refusedIn(text: string): string | undefined {
  for (const [, verb = "", rest = ""] of bare(text).matchAll(statements)) {
    if (!isTaken(verb.toLowerCase(), rest.trim().toLowerCase())) return `${verb}${rest}`;
  }
  return undefined;
}

function isTaken(verb: string, rest: string): boolean {
  if (verb === "create") return !/^temp/.test(rest);
  if (verb !== "pragma") return !["attach", "detach", "vacuum"].includes(verb);
  const [, name = "", argument = ""] = /^(?:\w+\.)?(\w+)\s*(.*)$/s.exec(rest) ?? [];
  return pragmasFree.has(name) || (pragmasRead.has(name) && argument === "");
}

/** Whether more than one statement is in it. */
export function isMany(text: string): boolean {
  const code = bare(text);
  return !/^\s*create\s+trigger\b/i.test(code) && /;\s*[^\s;]/.test(code);
}

/** How many arguments it takes by position. */
export function positionsIn(text: string): number {
  let last = 0;
  for (const [, number = ""] of bare(text).matchAll(/\?(\d*)/g)) {
    last = number === "" ? last + 1 : Math.max(last, Number(number));
  }
  return last;
}

/** The text without what stands in quotation marks, and without comments. */
function bare(text: string): string {
  return text.replace(quotedOrComment, (found) => /^['"]/.test(found) ? "''" : " ");
}
