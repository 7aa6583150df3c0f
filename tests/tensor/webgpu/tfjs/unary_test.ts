/** Functions of single values on the GPU. */
import { tf } from "../../../../lib/tensor/mod.ts";
import { gpuTest } from "../_gpu.ts";
import { compare, random } from "./_compare.ts";

const OPERATIONS = {
  neg: tf.neg,
  square: tf.square,
  exp: tf.exp,
  relu: tf.relu,
  sigmoid: tf.sigmoid,
  softplus: tf.softplus,
};

for (const [name, operation] of Object.entries(OPERATIONS)) {
  gpuTest(`tf.${name}() on webgpu equals the plain kernel, far from 0 too`, async () => {
    for (const shape of [[], [5], [1028], [2, 3, 2, 2, 5]]) {
      await compare(`[${shape}]`, { compute: () => operation(random("x", shape)), tolerance: 1e-6 });
    }
    const far = name === "exp" ? [-80, -5, 80] : [-80, -20, -9, -5, 5, 20, 100];
    // One by one: a small value counts for little beside a large one.
    for (const value of far) {
      await compare(`${value}`, { compute: () => operation(tf.tensor1d([value])), tolerance: 2e-5 });
    }
  });
}

gpuTest("tf.sqrt() on webgpu equals the plain kernel", async () => {
  const compute = (): tf.Tensor => tf.sqrt(tf.tensor1d([0, 1e-12, 2, 3e7, 4, 5]));
  await compare("roots", { compute, tolerance: 1e-6 });
});
