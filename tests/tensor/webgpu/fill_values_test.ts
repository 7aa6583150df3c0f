import assert from "node:assert/strict";
import { takeValues, tf } from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import { fillValues } from "../../../lib/tensor/webgpu/fill_values.ts";
import { gpuTest, withBindingLimit } from "./_gpu.ts";

gpuTest("fillValues() writes every place and no other, whole and in pieces", async (backend) => {
  for (const bytes of [2 ** 20, 1024]) {
    const values = await withBindingLimit(backend, bytes, async () => {
      const [info] = backend.runKernel({}, (_, runtime) => {
        const y = runtime.output([70, 13]);
        fillValues(y, 2.5, runtime);
        return [y];
      });
      return await takeValues(tf.engine().makeTensorFromTensorInfo(info) as Tensor);
    });
    assert.equal(values.length, 910);
    assert.ok(values.every((value) => value === 2.5));
  }
});
