/** Casts on the GPU, as our own kernels see their results. */
import { maskedFill, tf } from "../../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../../lib/tensor/mod.ts";
import { gpuTest } from "../_gpu.ts";
import { compare, random } from "./_compare.ts";

gpuTest("tf.cast() on webgpu gives floats to kernels of ours", async () => {
  await compare("truth values as a mask", {
    compute: () => {
      const mask = tf.cast(tf.greater(random("mask", [3, 5]), 0), "float32");
      return maskedFill(random("x", [3, 5]), { fill: random("fill", [3, 5]), mask });
    },
  });
  await compare("uploaded integers", {
    compute: () => tf.sum(tf.mul(tf.cast(tf.tensor1d([2, -3, 70_000], "int32"), "float32"), tf.ones([3]))),
  });
});

gpuTest("tf.cast() on webgpu leaves other types to tfjs", async () => {
  await compare("to int32", { compute: () => tf.cast(random("x", [7]), "int32") as Tensor });
  await compare("float32 to float32", { compute: () => tf.cast(random("x", [7]), "float32") });
});
