/** The committed WebAssembly modules and their sources. */
import assert from "node:assert/strict";
import { compileKernels, hasRelaxedSimd } from "../../../lib/tensor/simd/kernels.ts";
import { buildKernels, MODULES } from "../../../tasks/build_simd.ts";

for (const [name, flags] of Object.entries(MODULES)) {
  Deno.test(`${name} is what its sources compile to`, async () => {
    const committed = await Deno.readFile(new URL(`../../../lib/tensor/simd/${name}`, import.meta.url));
    assert.deepEqual(await buildKernels(flags), committed, "run `deno task build:simd` and commit the modules");
  });
}

Deno.test("hasRelaxedSimd() says whether the engine takes the module with fused multiply-adds", async () => {
  const bytes = await Deno.readFile(new URL("../../../lib/tensor/simd/kernels.wasm", import.meta.url));
  assert.equal(hasRelaxedSimd(), WebAssembly.validate(bytes));
});

Deno.test("compileKernels() compiles either module, and both offer the same functions", async () => {
  const exportsOf = async (relaxed: boolean): Promise<string[]> =>
    WebAssembly.Module.exports(await compileKernels({ relaxed })).map(({ name }) => name).sort();
  const baseline = await exportsOf(false);
  assert.ok(baseline.includes("gemmRows"));
  assert.deepEqual(await exportsOf(true), baseline);
});
