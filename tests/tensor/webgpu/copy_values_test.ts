import assert from "node:assert/strict";
import { takeValues, tf } from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import { copyValues } from "../../../lib/tensor/webgpu/copy_values.ts";
import { gpuTest } from "./_gpu.ts";

gpuTest(
  "copyValues() copies arrays of sizes that fill no workgroup, and rounds to half precision and back",
  async (backend) => {
    const values = Float32Array.from({ length: 515 }, (_, i) => i / 7);
    const x = tf.tensor1d(values);
    const copied = async (isHalf: boolean): Promise<Float32Array> => {
      backend.precision = isHalf ? "f16-mixed" : "f32";
      const [info] = backend.runKernel({ x }, ({ x }, runtime) => {
        const y = runtime.activation(x.shape);
        copyValues({ x, y }, runtime);
        return [y];
      });
      backend.precision = "f32";
      return await takeValues(tf.engine().makeTensorFromTensorInfo(info) as Tensor);
    };
    assert.deepEqual(await copied(false), values);
    assert.deepEqual(await copied(true), values.map((value) => Math.f16round(value)));
    x.dispose();
  },
);
