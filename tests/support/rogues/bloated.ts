/** Has a manifest of 20 MB. */

import { defineAgent } from "100ac";

export default defineAgent({
  id: "bloated",
  description: "x".repeat(20_000_000),
  capabilities: {},
});
