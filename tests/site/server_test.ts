import assert from "node:assert/strict";
import { serveFolder } from "../../tasks/_site_server.ts";

Deno.test("serveFolder() serves a folder under its base, pages by their folders, and nothing above it", async () => {
  const folder = Deno.makeTempDirSync();
  Deno.mkdirSync(`${folder}/site/about`, { recursive: true });
  Deno.writeTextFileSync(`${folder}/secret.txt`, "secret");
  Deno.writeTextFileSync(`${folder}/site/about/index.html`, "about");
  Deno.writeTextFileSync(`${folder}/site/404.html`, "missing");
  Deno.writeTextFileSync(`${folder}/site/a.js`, "");
  const server = serveFolder(`${folder}/site`, { base: "/b/", port: 0 });
  const get = async (path: string): Promise<[number, string, string | null]> => {
    const response = await fetch(`http://localhost:${server.addr.port}${path}`);
    return [response.status, await response.text(), response.headers.get("content-type")];
  };
  try {
    assert.deepEqual(await get("/b/about/"), [200, "about", "text/html; charset=utf-8"]);
    assert.deepEqual(await get("/b/a.js"), [200, "", "text/javascript; charset=utf-8"]);
    for (const path of ["/", "/b/none", "/b/..%2fsecret.txt", "/b/about/..%2f..%2f..%2fsecret.txt", "/b/%"]) {
      assert.deepEqual((await get(path)).slice(0, 2), [404, "missing"], path);
    }
  } finally {
    await server.shutdown();
    Deno.removeSync(folder, { recursive: true });
  }
});
