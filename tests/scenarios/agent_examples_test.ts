/** What the agents' document says is so, and its examples run. */

import assert from "node:assert/strict";
import { agentsDocument, documentedAgents } from "../support/agents_document.ts";
import { startTestDaemon } from "../support/test_daemon.ts";

Deno.test("the agents' document is what their manifests make of it", async () => {
  const text = await Deno.readTextFile(new URL("../../agents/README.md", import.meta.url));
  // the formatter breaks lines, and escapes what Markdown would read
  const words = (markdown: string): string => markdown.replace(/[\s\\]+/g, "");
  assert.equal(words(text), words(agentsDocument()), "run `deno task agents:doc`");
});

Deno.test("every capability of a data agent has an example", () => {
  const without = documentedAgents.filter(({ source }) => source === undefined)
    .flatMap(({ id, capabilities }) =>
      Object.entries(capabilities).filter(([, { examples }]) => examples === undefined)
        .map(([name]) => `${id}.${name}`)
    );
  assert.deepEqual(without, []);
});

Deno.test("every example of an agent is answered, on the simulated market", async (t) => {
  await using daemon = await startTestDaemon();
  for (const { id, capabilities } of documentedAgents) {
    for (const [name, { examples }] of Object.entries(capabilities)) {
      for (const [title, input] of Object.entries(examples ?? {})) {
        await t.step(`${id}.${name}: ${title}`, async () => {
          assert.ok(await daemon.ask(`${id}.${name}`, input));
        });
      }
    }
  }
});
