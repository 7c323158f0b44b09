/** Hears events and gives them out again. Without permissions: lives in one host with `rogue`. */

import { defineAgent, z } from "100ac";

const Heard = z.object({ topic: z.string(), from: z.string(), body: z.unknown() });
const heard: z.infer<typeof Heard>[] = [];

export default defineAgent({
  id: "listener",
  description: "Hears what is said",
  capabilities: {
    heard: {
      description: "All that it has heard",
      input: z.object({}),
      output: z.array(Heard),
      run: () => heard,
    },
  },
  on: {
    "test.*": (event) => void heard.push({ ...event }),
    "rogue.published": (event) => void heard.push({ ...event }),
    "test.thrown": () => {
      throw new Error("can't bear it");
    },
    "test.rejected": () => Promise.reject(new Error("can't stand it")),
    "test.asked": async (_, ctx) => {
      const answer = await ctx.request("rogue.echo", { message: "hello" }, z.unknown());
      heard.push({ topic: "answer", from: "rogue", body: answer });
    },
  },
});
