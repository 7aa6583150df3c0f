/** Tensors of one value on the GPU. */
import { tf } from "../../../../lib/tensor/mod.ts";
import { gpuTest } from "../_gpu.ts";
import { compare, random } from "./_compare.ts";

gpuTest("tf.fill() and tf.zerosLike() on webgpu equal the plain kernels, and leave other types to tfjs", async () => {
  for (const shape of [[], [5], [1028], [2, 3, 2, 2, 5]]) {
    await compare(`fill [${shape}]`, { compute: () => tf.fill(shape, -1.5), tolerance: 0 });
    await compare(`zeros [${shape}]`, { compute: () => tf.zerosLike(random("x", shape)), tolerance: 0 });
    const integers = (): tf.Tensor => tf.add(tf.cast(tf.fill(shape, 3, "int32"), "float32"), 1);
    await compare(`integers [${shape}]`, { compute: integers, tolerance: 0 });
  }
});
