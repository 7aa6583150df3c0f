/** Filling and choosing on the simd backend. */
import { tf } from "../../../../lib/tensor/mod.ts";
import { assertSame, assertSameGradients } from "./_compare.ts";

const SHAPES = [[], [1], [13], [3, 5], [41, 1001]];

Deno.test("Fill, ZerosLike and OnesLike equal the plain kernels", () => {
  for (const shape of SHAPES) {
    assertSame("Fill", { inputs: {}, attrs: { shape, value: 1.5, dtype: "float32" }, tolerance: 0 });
    for (const name of ["ZerosLike", "OnesLike"]) assertSame(name, { inputs: { x: { shape } }, tolerance: 0 });
  }
});

Deno.test("Fill and ZerosLike leave integers and empty tensors to the plain kernels", () => {
  assertSame("Fill", { inputs: {}, attrs: { shape: [3], value: 7, dtype: "int32" }, taken: false });
  assertSame("Fill", { inputs: {}, attrs: { shape: [0, 3], value: 7, dtype: "float32" }, taken: false });
  assertSame("ZerosLike", { inputs: { x: { shape: [2], values: [1, 2], dtype: "int32" } }, taken: false });
});

Deno.test("Select equals the plain kernel, and leaves conditions of rows to it", () => {
  for (const shape of SHAPES) {
    const size = shape.reduce((product, length) => product * length, 1);
    const values = Array.from({ length: size }, (_, i) => (i * i) % 3 === 0 ? 1 : 0);
    const condition = { shape, values, dtype: "bool" } as const;
    assertSame("Select", { inputs: { condition, t: { shape }, e: { shape } }, tolerance: 0 });
  }
  const rows = { shape: [3], values: [1, 0, 1], dtype: "bool" } as const;
  assertSame("Select", { inputs: { condition: rows, t: { shape: [3, 5] }, e: { shape: [3, 5] } }, taken: false });
});

Deno.test("gradients of a choice equal those through the plain kernels", async () => {
  const condition = Array.from({ length: 21 }, (_, i) => i % 4 < 2);
  await assertSameGradients([[3, 7], [3, 7]], (x, y) => {
    return tf.where(tf.tensor(condition, [3, 7], "bool"), tf.square(x), tf.mul(x, y));
  });
});
