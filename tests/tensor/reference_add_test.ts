import assert from "node:assert/strict";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import { registerPlainAdd } from "../../lib/tensor/reference_add.ts";

await selectBackend("reference");

/** Adds and gives values, shape and type of the sum. */
function add(a: tf.Tensor, b: tf.Tensor): { values: number[]; shape: number[]; dtype: string } {
  const before = tf.memory().numTensors;
  const sum = tf.add(a, b);
  const result = { values: [...sum.dataSync()], shape: sum.shape, dtype: sum.dtype };
  sum.dispose();
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
  tf.dispose([a, b]);
  return result;
}

Deno.test("the reference backend adds float32 tensors of one shape element by element, rounded to float32", () => {
  const [a, b] = [tf.tensor3d([[[1, -2, 0.1]], [[4, 1e8, 0]]]), tf.tensor3d([[[10, 2, 0.2]], [[-4, 1, -0]]])];
  assert.deepEqual(add(a, b), {
    values: [11, 0, Math.fround(Math.fround(0.1) + Math.fround(0.2)), 0, 1e8, 0],
    shape: [2, 1, 3],
    dtype: "float32",
  });
  assert.deepEqual(add(tf.scalar(2.5), tf.scalar(-1)), { values: [1.5], shape: [], dtype: "float32" });
  assert.deepEqual(add(tf.zeros([0, 3]), tf.ones([0, 3])), { values: [], shape: [0, 3], dtype: "float32" });
});

Deno.test("the reference backend still broadcasts, also where the ranks or the numbers of elements agree", () => {
  const row = [[10, 20, 30]], column = [[1], [2]];
  const sums = [11, 21, 31, 12, 22, 32];
  assert.deepEqual(add(tf.tensor2d(row), tf.tensor2d(column)), { values: sums, shape: [2, 3], dtype: "float32" });
  assert.deepEqual(add(tf.tensor2d(column), tf.tensor1d(row[0])), { values: sums, shape: [2, 3], dtype: "float32" });
  const square = add(tf.tensor2d([[1, 2]]), tf.tensor2d([[10], [20]]));
  assert.deepEqual(square, { values: [11, 12, 21, 22], shape: [2, 2], dtype: "float32" });
  assert.deepEqual(add(tf.tensor1d([1, 2]), tf.scalar(5)), { values: [6, 7], shape: [2], dtype: "float32" });
});

Deno.test("the reference backend keeps integers integers", () => {
  const sum = add(tf.tensor1d([1, 2], "int32"), tf.tensor1d([2 ** 24, 5], "int32"));
  assert.deepEqual(sum, { values: [2 ** 24 + 1, 7], shape: [2], dtype: "int32" });
});

Deno.test("the reference backend leaves the summands of an addition as they were, a tensor added to itself too", () => {
  const a = tf.tensor1d([1, 2, 3]);
  const sum = tf.add(a, a);
  assert.deepEqual([...sum.dataSync()], [2, 4, 6]);
  assert.deepEqual([...a.dataSync()], [1, 2, 3]);
  tf.dispose([a, sum]);
});

Deno.test("registerPlainAdd() takes float32 of one shape and hands everything else to the kernel before it", () => {
  const before = tf.getKernel("Add", "cpu")!;
  const passedOn: string[] = [];
  const spy: typeof before.kernelFunc = (params) => {
    passedOn.push(Object.values(params.inputs).map((info) => `${info?.dtype} [${info?.shape}]`).join(" + "));
    return before.kernelFunc(params);
  };
  tf.unregisterKernel("Add", "cpu");
  tf.registerKernel({ ...before, kernelFunc: spy });
  try {
    registerPlainAdd();
    add(tf.tensor1d([1, 2]), tf.tensor1d([3, 4]));
    assert.deepEqual(passedOn, []);
    add(tf.tensor1d([1, 2]), tf.tensor2d([[3, 4]]));
    add(tf.tensor1d([1, 2], "int32"), tf.tensor1d([3, 4], "int32"));
    assert.deepEqual(passedOn, ["float32 [2] + float32 [1,2]", "int32 [2] + int32 [2]"]);
  } finally {
    tf.unregisterKernel("Add", "cpu");
    tf.registerKernel(before);
  }
});
