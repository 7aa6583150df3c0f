import assert from "node:assert/strict";
import { startBackend } from "../../lib/host/mod.ts";

Deno.test("startBackend() starts what selectBackend() does, and tells of a damaged file only where a GPU is wanted", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "nothing of ours");
    const reference = await startBackend("reference", { tilesFile: file, warn: assert.fail });
    assert.equal(reference.name, "reference");
    const warnings: string[] = [];
    const auto = await startBackend("auto", { tilesFile: file, threads: 1, warn: (line) => warnings.push(line) });
    assert.ok(auto.description.startsWith(auto.name));
    assert.deepEqual(warnings, [`warning: Cannot use ${file}: expected JSON; the GPU gets its default tiles`]);
  } finally {
    await Deno.remove(file);
  }
});
