/** The committed WebAssembly module and its sources. */
import assert from "node:assert/strict";
import { buildKernels } from "../../../tasks/build_simd.ts";

Deno.test("kernels.wasm is what its sources compile to", async () => {
  const committed = await Deno.readFile(new URL("../../../lib/tensor/simd/kernels.wasm", import.meta.url));
  assert.deepEqual(await buildKernels(), committed, "run `deno task build:simd` and commit the module");
});
