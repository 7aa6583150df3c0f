/** Every op and case on the GPU: value and gradients against tfjs's autodiff of the op's reference on the CPU. */
import assert from "node:assert/strict";
import { OPS, testOps } from "../../../lib/tensor/mod.ts";
import { gpuTest } from "./_gpu.ts";

for (const entry of OPS) {
  for (const opCase of entry.cases) {
    const title = `equals its reference on webgpu, value and gradients: ${opCase.title}`;
    gpuTest(`${entry.definition.name}() ${title}`, async () => {
      const [{ failures }] = await Array.fromAsync(testOps([{ ...entry, cases: [opCase] }]));
      assert.deepEqual(failures, []);
    });
  }
}
