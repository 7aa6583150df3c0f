/** Binary operations on the GPU. */
import { tf } from "../../../../lib/tensor/mod.ts";
import { gpuTest } from "../_gpu.ts";
import { compare, random } from "./_compare.ts";

const OPERATIONS = { add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div };

/** Ours take the first ones; channels, rows and both at once are left to tfjs. */
const SHAPES = [
  [[2, 3, 2, 2, 5], [2, 3, 2, 2, 5]],
  [[2, 3, 2, 2, 4], [2, 3, 2, 2, 4]],
  [[4, 3, 4], []],
  [[], [7, 3]],
  [[2, 3, 3], [1]],
  [[1, 1], [5]],
  [[], []],
  [[1], [1, 1, 1]],
  [[2, 2, 3, 2, 4], [4]],
  [[3, 4], [3, 1]],
  [[3, 1], [1, 5]],
] as const;

for (const [name, operation] of Object.entries(OPERATIONS)) {
  gpuTest(`tf.${name}() on webgpu equals the plain kernel, single values and broadcast included`, async () => {
    for (const [a, b] of SHAPES) {
      const compute = (): tf.Tensor => operation(random("a", a), random("b", b));
      await compare(`[${a}] and [${b}]`, { compute, tolerance: 2e-7 });
    }
  });
}

gpuTest("tf.mul() on webgpu leaves integers to tfjs", async () => {
  const compute = (): tf.Tensor => tf.mul(tf.tensor1d([2, -3], "int32"), tf.tensor1d([5, 7], "int32"));
  await compare("int32", { compute });
});
