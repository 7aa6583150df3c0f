import assert from "node:assert/strict";

const ROOT = new URL("../", import.meta.url);

/** Operations are tested by their table, in tests/tensor/ops_test.ts. */
const TESTED_BY_TABLE = "lib/tensor/ops/";

/** Paths of all TypeScript files of a folder, from the root. */
function sourcesUnder(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return sourcesUnder(`${folder}${name}/`);
    return /(?<!\.as)\.tsx?$/.test(name) ? [`${folder}${name}`] : [];
  });
}

/** True for a public file that exports more than types. */
function needsTest(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name.startsWith("_") || name === "mod.ts" || path.startsWith(TESTED_BY_TABLE)) return false;
  return /^export (?!type\b|interface\b)/m.test(Deno.readTextFileSync(new URL(path, ROOT)));
}

Deno.test("every public file of lib/ has its test at the same place in tests/", () => {
  const tests = new Set(sourcesUnder("tests/"));
  const sources = sourcesUnder("lib/").filter(needsTest);
  assert(sources.length > 20);
  const missing = sources.map((path) => path.replace(/^lib\//, "tests/").replace(/\.tsx?$/, "_test.ts"))
    .filter((path) => !tests.has(path) && !tests.has(`${path}x`));
  assert.deepEqual(missing, []);
});

Deno.test("needsTest() picks the files that export values and are neither private, faces nor operations", () => {
  assert(needsTest("lib/geometry.ts"));
  assert(needsTest("lib/tensor/tf.ts"));
  for (const path of ["lib/results.ts", "lib/_option_schema.ts", "lib/interop/mod.ts", "lib/tensor/ops/gelu/mod.ts"]) {
    assert(!needsTest(path), path);
  }
});
