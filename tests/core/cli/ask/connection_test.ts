import assert from "node:assert/strict";
import { join } from "node:path";
import { type Connection, findConnection } from "../../../../core/cli/ask/connection.ts";

function find(env: Readonly<Record<string, string>>, url?: string): Connection {
  return findConnection(url, (name) => env[name]);
}

async function withTokenFile(
  text: string,
  run: (folder: string) => void,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "token"), text, { mode: 0o600 });
    run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("findConnection() takes --url before AC100_URL before the default", () => {
  assert.equal(find({}).url, "http://127.0.0.1:8100");
  assert.equal(find({ AC100_URL: "http://localhost:9/" }).url, "http://localhost:9");
  assert.equal(find({ AC100_URL: "http://a:9" }, "https://b/100ac/").url, "https://b/100ac");
});

Deno.test("findConnection() refuses what is no plain http(s) URL and says where it stood", () => {
  for (
    const url of ["ftp://x", "127.0.0.1:8100", "", "http://u:p@x", "http://x?a=b", "http://x#a"]
  ) {
    assert.throws(() => find({}, url), { code: "invalid_input", message: /--url/ });
  }
  assert.throws(() => find({ AC100_URL: "x" }), {
    code: "invalid_config",
    message: /AC100_URL "x"/,
  });
});

Deno.test("findConnection() takes AC100_TOKEN before the token file", async () => {
  await withTokenFile("from-the-file\n", (folder) => {
    const env = { AC100_DATA_DIR: folder };
    assert.equal(find(env).token, "from-the-file");
    assert.equal(find({ ...env, AC100_TOKEN: "from-env" }).token, "from-env");
  });
});

Deno.test("findConnection() keeps the file's token from every host but this one", async () => {
  await withTokenFile("secret", (folder) => {
    const tokenFor = (url: string): string | undefined =>
      find({ AC100_DATA_DIR: folder }, url).token;
    for (const url of ["http://localhost:1", "http://127.8.8.8", "http://[::1]:8100"]) {
      assert.equal(tokenFor(url), "secret", url);
    }
    const others = ["http://example.com", "http://127.0.0.1.example.com", "http://10.0.0.1"];
    for (const url of others) assert.equal(tokenFor(url), undefined, url);
    assert.equal(find({ AC100_DATA_DIR: folder }, "http://x").tokenSource, "AC100_TOKEN");
  });
});

Deno.test("findConnection() goes on without a token file, and refuses a broken token", async () => {
  const { token, tokenSource } = find({ AC100_DATA_DIR: "/nowhere/" });
  assert.equal(token, undefined);
  assert.equal(tokenSource, "/nowhere/token");
  assert.throws(() => find({ AC100_TOKEN: "two words" }), { code: "invalid_config" });
  await withTokenFile("two\nlines", (folder) => {
    assert.throws(() => find({ AC100_DATA_DIR: folder }), { message: /Cannot use the token in "/ });
  });
});
