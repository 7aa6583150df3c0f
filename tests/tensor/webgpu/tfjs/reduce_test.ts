/** Sums and means on the GPU. */
import { tf } from "../../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../../lib/tensor/mod.ts";
import { gpuTest } from "../_gpu.ts";
import { compare, random } from "./_compare.ts";

/** Over the last axes, the first ones, all, none, axes of size 1, and, which is left to tfjs, those between. */
const CASES: { shape: number[]; axis: number | number[] | undefined }[] = [
  { shape: [2, 3, 5], axis: [1, 2] },
  { shape: [2, 3, 5], axis: 0 },
  { shape: [2, 33, 17, 16, 1], axis: [0, 1, 2, 3] },
  { shape: [3, 40, 100, 3], axis: [0, 1, 2] },
  { shape: [3, 9000], axis: -1 },
  { shape: [2, 3], axis: undefined },
  { shape: [], axis: undefined },
  { shape: [1, 4, 1], axis: [0, 2] },
  { shape: [1, 1], axis: 0 },
  { shape: [2, 5, 3], axis: 1 },
  { shape: [2, 5, 3], axis: [0, 2] },
];

for (const name of ["sum", "mean"] as const) {
  gpuTest(`tf.${name}() on webgpu equals the plain kernel over any axes`, async () => {
    for (const { shape, axis } of CASES) {
      for (const keepDims of [false, true]) {
        const compute = (): Tensor => tf[name](random("x", shape), axis, keepDims);
        await compare(`[${shape}] over ${axis}, ${keepDims}`, { compute, tolerance: 1e-5 });
      }
    }
  });
}
