/** The library as a browser gets it: bundled, it asks for nothing that only Deno and Node have. */
import assert from "node:assert/strict";

const OUT = `/tmp/brainmvp-bundle-${crypto.randomUUID()}`;

/** Bundles an entry of the library; the first file of the result is the entry. */
async function bundle(entry: string): Promise<string> {
  const { success, stderr } = await new Deno.Command("deno", {
    args: ["bundle", "-q", "--platform", "browser", "--outdir", OUT, "--code-splitting", "--minify", entry],
    cwd: new URL("../", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return [...Deno.readDirSync(OUT)].map(({ name }) => Deno.readTextFileSync(`${OUT}/${name}`)).join("\n");
}

/** What a bundle would load from Node, and globals of Deno that it uses. */
function hostUses(code: string): string[] {
  const imports = code.matchAll(
    /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\w*\(\s*)(["'])(node:[\w/]+|fs|path|worker_threads)\1/g,
  );
  const globals = code.matchAll(/(?<![\w.$"'`/])Deno\.\w+/g);
  return [...[...imports].map(([, , name]) => name), ...[...globals].map(([name]) => name)];
}

Deno.test("hostUses() finds imports of Node's modules and Deno's globals, and passes over what is asked for at run time", () => {
  assert.deepEqual(hostUses('import a from "node:fs"; const b = await import("node:path"); Deno.readFile(b);'), [
    "node:fs",
    "node:path",
    "Deno.readFile",
  ]);
  assert.deepEqual(hostUses('process?.getBuiltinModule?.("node:worker_threads"); const text = "Deno.readFile";'), []);
});

Deno.test("mod.ts bundles for browsers, shaders included, without anything of Deno or Node", async () => {
  try {
    const code = await bundle("mod.ts");
    assert.match(code, /@compute/, "shaders are texts of the bundle");
    assert.match(code, /new URL\([^)]*import\.meta\.url\)/, "kernels are found beside the bundle");
    // An example in the text of a model card.
    assert.deepEqual(hostUses(code), ["Deno.readFile"]);
  } finally {
    await Deno.remove(OUT, { recursive: true }).catch(() => {});
  }
});
