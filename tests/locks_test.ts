/** The two lock files: one of what runs need, one of everything; a package has one version in both. */
import assert from "node:assert/strict";

interface Lock {
  readonly specifiers: Record<string, string>;
  readonly npm: Record<string, { readonly integrity: string }>;
  readonly workspace: { readonly dependencies: readonly string[] };
}

const read = (name: string): Lock => JSON.parse(Deno.readTextFileSync(new URL(`../${name}`, import.meta.url)));
const [runs, all] = [read("deno.lock"), read("deno.dev.lock")];

Deno.test("whatever the lock of runs has, the lock of everything has alike", () => {
  for (const [specifier, version] of Object.entries(runs.specifiers)) assert.equal(all.specifiers[specifier], version);
  for (const [name, entry] of Object.entries(runs.npm)) assert.equal(all.npm[name]?.integrity, entry.integrity, name);
  assert.deepEqual(all.workspace, runs.workspace);
});

Deno.test("packages that only tests, the site and the kernels' build use are not in the lock of runs", () => {
  const packages = new Set(Object.keys(runs.npm).map((name) => name.slice(0, name.indexOf("@", 1))));
  for (const name of ["assemblyscript", "axe-core", "marked", "onnxruntime-web", "playwright-core", "@niivue/niivue"]) {
    assert(!packages.has(name), name);
    assert(Object.keys(all.npm).some((key) => key.startsWith(`${name}@`)), name);
  }
});

Deno.test("all packages come from npm with exact versions, one of each", () => {
  const specifiers = Object.keys(all.specifiers);
  for (const specifier of specifiers) assert.match(specifier, /^npm:(@[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+$/);
  const names = specifiers.map((specifier) => specifier.slice(0, specifier.lastIndexOf("@")));
  assert.deepEqual(names, [...new Set(names)]);
});
