/** An expression for the text of an agent: truthy in its host, falsy while its file is scanned. */
export const inHost = `(Deno.mainModule ?? self.name)`;
