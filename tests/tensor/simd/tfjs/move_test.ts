/** Data movement on the simd backend. */
import assert from "node:assert/strict";
import { tf } from "../../../../lib/tensor/mod.ts";
import { assertSame, assertSameGradients } from "./_compare.ts";
import type { Call } from "./_compare.ts";

/** Asserts the very same values. */
function assertMoved(kernel: string, call: Call): void {
  assertSame(kernel, { ...call, tolerance: 0 });
}

const SLICES: [number[], number[], number[]][] = [
  [[1], [0], [1]],
  [[13], [5], [7]],
  [[5, 7], [1, 0], [3, 7]],
  [[5, 7], [0, 3], [5, 1]],
  [[3, 5, 7, 11], [1, 2, 3, 4], [2, 3, 3, 5]],
  [[2, 3, 4, 5, 6, 7], [0, 1, 1, 1, 1, 2], [2, 2, 2, 2, 3, 4]],
  [[3, 50_001], [1, 3], [2, 40_000]],
  [[401, 300], [0, 7], [401, 200]],
  [[4, 5], [0, 0], [4, -1]],
];

for (const [shape, begin, size] of SLICES) {
  Deno.test(`Slice equals the plain kernel: [${size}] of [${shape}] from [${begin}]`, () => {
    assertMoved("Slice", { inputs: { x: { shape } }, attrs: { begin, size } });
  });
}

Deno.test("Slice refuses a part that lies outside, as the plain kernel does", () => {
  assert.throws(() => tf.slice(tf.zeros([3, 4]), [2, 0], [2, 4]), /begin\[0\] \+ size\[0\]/);
});

Deno.test("Concat equals the plain kernel along every axis", () => {
  for (const [axis, shapes] of [[0, [[2, 3, 5], [1, 3, 5]]], [1, [[2, 3, 5], [2, 1, 5], [2, 4, 5]]]] as const) {
    assertMoved("Concat", { inputs: shapes.map((shape) => ({ shape })), attrs: { axis } });
  }
  for (const axis of [2, -1]) {
    assertMoved("Concat", { inputs: [{ shape: [2, 3, 5] }, { shape: [2, 3, 1] }], attrs: { axis } });
  }
  assertMoved("Concat", { inputs: [{ shape: [3, 30_001] }, { shape: [3, 20_000] }], attrs: { axis: 1 } });
});

Deno.test("PadV2 equals the plain kernel with zeros, and leaves other values to it", () => {
  const paddings = [[1, 2], [0, 3], [2, 0]];
  assertMoved("PadV2", { inputs: { x: { shape: [3, 5, 7] } }, attrs: { paddings, constantValue: 0 } });
  assertMoved("PadV2", { inputs: { x: { shape: [3, 5, 7] } }, attrs: { paddings, constantValue: 2 }, taken: false });
  const around = Array(5).fill([1, 1]);
  assertMoved("PadV2", { inputs: { x: { shape: [2, 13, 11, 9, 5] } }, attrs: { paddings: around, constantValue: 0 } });
});

Deno.test("Tile equals the plain kernel", () => {
  for (const [shape, reps] of [[[3], [5]], [[2, 3], [3, 2]], [[2, 1, 3], [1, 4, 2]], [[301, 7], [1, 8]]]) {
    assertMoved("Tile", { inputs: { x: { shape } }, attrs: { reps } });
  }
});

Deno.test("Pack and Unpack equal the plain kernels along every axis", () => {
  for (const axis of [0, 1, 2]) {
    assertMoved("Pack", { inputs: Array.from({ length: 3 }, () => ({ shape: [5, 7] })), attrs: { axis } });
    assertMoved("Unpack", { inputs: { value: { shape: [3, 5, 7] } }, attrs: { axis } });
  }
  assertMoved("Unpack", { inputs: { value: { shape: [2, 33, 1001] } }, attrs: { axis: 0 } });
});

Deno.test("SplitV equals the plain kernel", () => {
  assertMoved("SplitV", { inputs: { x: { shape: [6, 5] } }, attrs: { numOrSizeSplits: 3, axis: 0 } });
  assertMoved("SplitV", { inputs: { x: { shape: [2, 9, 5] } }, attrs: { numOrSizeSplits: [2, 3, 4], axis: 1 } });
});

/** All orders of the numbers below n. */
function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap((rest) => {
    return Array.from({ length: n }, (_, i) => [...rest.slice(0, i), n - 1, ...rest.slice(i)]);
  });
}

for (const shape of [[5], [7, 5], [3, 1, 5], [3, 18, 5], [2, 3, 17, 21], [2, 3, 1, 5, 6]]) {
  Deno.test(`Transpose equals the plain kernel in every order of [${shape}]`, () => {
    for (const perm of permutations(shape.length)) {
      assertMoved("Transpose", { inputs: { x: { shape } }, attrs: { perm } });
    }
  });
}

Deno.test("Transpose equals the plain kernel where threads share it, and with more axes than a kernel takes", () => {
  assertMoved("Transpose", { inputs: { x: { shape: [301, 403] } }, attrs: { perm: [1, 0] } });
  assertMoved("Transpose", { inputs: { x: { shape: [3, 201, 103] } }, attrs: { perm: [2, 0, 1] } });
  assertMoved("Transpose", { inputs: { x: { shape: [2, 3, 2, 3, 2, 5] } }, attrs: { perm: [5, 3, 1, 4, 2, 0] } });
  assertMoved("Transpose", { inputs: { x: { shape: [2, 3, 2, 3, 2, 5] } }, attrs: { perm: [4, 2, 0, 3, 1, 5] } });
});

Deno.test("GatherV2 equals the plain kernel along the first axis and leaves the others to it", () => {
  const indices = { shape: [2, 3], values: [4, 0, 0, 2, 1, 4], dtype: "int32" } as const;
  const inputs = { x: { shape: [5, 3, 7] }, indices };
  assertMoved("GatherV2", { inputs, attrs: { axis: 0, batchDims: 0 } });
  const first = { ...indices, values: [1, 0, 0, 2, 1, 2] };
  assertMoved("GatherV2", { inputs: { ...inputs, indices: first }, attrs: { axis: 1, batchDims: 0 }, taken: false });
});

Deno.test("data movement leaves integers and empty tensors to the plain kernels", () => {
  const integers = { shape: [2, 3], values: [1, 2, 3, 4, 5, 16_777_217], dtype: "int32" } as const;
  assertMoved("Transpose", { inputs: { x: integers }, attrs: { perm: [1, 0] }, taken: false });
  assertMoved("Slice", { inputs: { x: integers }, attrs: { begin: [0, 1], size: [2, 2] }, taken: false });
  assertMoved("Slice", { inputs: { x: { shape: [3, 2] } }, attrs: { begin: [1, 0], size: [0, 2] }, taken: false });
  assertMoved("Concat", { inputs: [integers, integers], attrs: { axis: 0 }, taken: false });
  assertMoved("Concat", { inputs: [{ shape: [0, 2] }, { shape: [3, 2] }], attrs: { axis: 0 }, taken: false });
});

Deno.test("gradients of data movement equal those through the plain kernels", async () => {
  await assertSameGradients([[3, 5], [3, 2]], (x, y) => tf.concat([x, y, x], 1));
  await assertSameGradients([[4, 5, 3]], (x) => tf.slice(x, [1, 0, 1], [2, 5, 2]));
  await assertSameGradients([[3, 5], [3, 5]], (x, y) => tf.stack([x, y], 1));
  await assertSameGradients([[3, 5, 2]], (x) => tf.add(tf.unstack(x, 1)[2], tf.unstack(x, 1)[4]));
  await assertSameGradients([[3, 5]], (x) => tf.pad(tf.transpose(x), [[1, 0], [2, 2]]));
  await assertSameGradients([[3, 5]], (x) => tf.tile(x, [2, 3]));
  await assertSameGradients([[5, 3]], (x) => tf.gather(x, tf.tensor1d([4, 0, 0], "int32")));
});
