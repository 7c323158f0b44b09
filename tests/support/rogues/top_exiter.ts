/** Exits while it is imported. */

Deno.exit(0);
