/** The committed WebAssembly modules and their sources. */
import assert from "node:assert/strict";
import { compileKernels } from "../../../lib/tensor/simd/kernels.ts";
import { buildKernels, MODULES } from "../../../tasks/build_simd.ts";

for (const [name, flags] of Object.entries(MODULES)) {
  Deno.test(`${name} is what its sources compile to`, async () => {
    const committed = await Deno.readFile(new URL(`../../../lib/tensor/simd/${name}`, import.meta.url));
    assert.deepEqual(await buildKernels(flags), committed, "run `deno task build:simd` and commit the modules");
  });
}

Deno.test("compileKernels() takes the module with fused multiply-adds where they are, and both offer the same", async () => {
  const exportsOf = async (module: Promise<WebAssembly.Module>): Promise<string[]> =>
    WebAssembly.Module.exports(await module).map(({ name }) => name).sort();
  const [chosen, fused, baseline] = await Promise.all([
    exportsOf(compileKernels()),
    exportsOf(compileKernels({ relaxed: true })),
    exportsOf(compileKernels({ relaxed: false })),
  ]);
  assert.ok(chosen.includes("gemmRows"));
  assert.deepEqual([chosen, baseline], [fused, fused]);
});
