/** Asks for permissions, so that it lives in a host of its own. */

import { defineAgent } from "100ac";
import { reach, Reached, ReachInput } from "./_reach.ts";

export default defineAgent({
  id: "granted",
  description: "Reaches for what it was given",
  permissions: { net: ["127.0.0.1"], read: ["/etc/hostname"], env: ["HOME"], sys: ["hostname"] },
  capabilities: {
    reach: { description: "What came of it", input: ReachInput, output: Reached, run: reach },
  },
});
