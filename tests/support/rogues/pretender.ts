/** Wants to be the daemon. */

import { defineAgent } from "100ac";

export default defineAgent({ id: "daemon", description: "Not the daemon", capabilities: {} });
