/** Slices, joins and pads on the GPU. */
import { tf } from "../../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../../lib/tensor/mod.ts";
import { gpuTest } from "../_gpu.ts";
import { compare, random } from "./_compare.ts";

gpuTest("tf.slice() on webgpu cuts one to six dimensions", async () => {
  const cases = [
    { shape: [9], begin: [3], size: [4] },
    { shape: [12, 8], begin: [4, 4], size: [5, 4] },
    { shape: [4, 2, 3, 2, 5], begin: [2, 0, 0, 0, 0], size: [2, 2, 3, 2, 5] },
    { shape: [3, 4, 5, 6, 7], begin: [1, 1, 2, 3, 1], size: [2, 3, 2, 1, 5] },
    { shape: [2, 3, 2, 3, 4, 8], begin: [1, 0, 1, 0, 2, 4], size: [1, 2, 1, 3, 2, 4] },
    { shape: [2, 2], begin: [0, 0], size: [2, 2] },
  ];
  for (const { shape, begin, size } of cases) {
    await compare(`[${shape}]`, { compute: () => tf.slice(random("x", shape), begin, size) });
  }
});

gpuTest("tf.slice() on webgpu sends its gradient back by a pad of five dimensions", async () => {
  const compute = (): Tensor => {
    const square = (x: Tensor): Tensor => tf.sum(tf.square(tf.slice(x, [1, 0, 1, 0, 1], [1, 2, 1, 2, 2])));
    return tf.grad(square)(random("x", [3, 2, 3, 2, 4]));
  };
  await compare("gradient", { compute });
});

gpuTest("tf.concat() on webgpu joins along every axis, its parts of unlike sizes", async () => {
  for (const axis of [0, 1, 2, 3, 4, -1]) {
    const shape = (size: number): number[] => [2, 3, 2, 2, 4].map((length, i) => i === (axis + 5) % 5 ? size : length);
    const compute = (): Tensor => tf.concat([1, 4, 2].map((size) => random(`part ${size}`, shape(size))), axis);
    await compare(`axis ${axis}`, { compute });
  }
});

gpuTest("tf.split() on webgpu cuts along every axis, into unlike sizes and alike ones", async () => {
  for (const axis of [0, 1, 2, 3, 4, -1]) {
    const shape = [2, 3, 2, 2, 4].map((length, i) => i === (axis + 5) % 5 ? 7 : length);
    for (const part of [0, 1, 2]) {
      const compute = (): Tensor => tf.split(random("x", shape), [1, 4, 2], axis)[part];
      await compare(`axis ${axis}, part ${part}`, { compute });
    }
  }
  await compare("halves", { compute: () => tf.split(random("x", [2, 8]), 2, 1)[1] });
});

gpuTest("tf.pad() on webgpu surrounds one to five dimensions by a value", async () => {
  const cases: { shape: number[]; paddings: [number, number][]; value: number }[] = [
    { shape: [5], paddings: [[2, 1]], value: 0 },
    { shape: [3, 4], paddings: [[0, 2], [4, 0]], value: -1.5 },
    { shape: [2, 2, 3, 2, 4], paddings: [[2, 0], [0, 0], [0, 0], [0, 0], [0, 0]], value: 0 },
    { shape: [2, 2, 3, 2, 3], paddings: [[0, 1], [1, 0], [2, 1], [1, 1], [0, 2]], value: 7 },
    { shape: [1], paddings: [[0, 0]], value: 1 },
  ];
  for (const { shape, paddings, value } of cases) {
    await compare(`[${shape}]`, { compute: () => tf.pad(random("x", shape), paddings, value) });
  }
});
