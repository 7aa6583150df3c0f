/** Matrix products in the heap against the plain ones, on sizes that fill no tile. */
import assert from "node:assert/strict";
import { randomStream } from "../../../lib/random.ts";
import { gemm } from "../../../lib/tensor/ops/_gemm.ts";
import { Heap } from "../../../lib/tensor/simd/heap.ts";
import { compileKernels } from "../../../lib/tensor/simd/kernels.ts";
import { multiply, multiplyTransposed } from "../../../lib/tensor/simd/multiply.ts";
import { Pool } from "../../../lib/tensor/simd/pool.ts";
import { openRuntime } from "../../../lib/tensor/simd/runtime.ts";
import { relativeError } from "../_ops.ts";

const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
const heap = new Heap(memory, 4096);
const pool = await Pool.open(heap, 2);
const baseline = await Pool.start(await compileKernels({ relaxed: false }), { heap, threads: 2 });
const runtime = openRuntime(heap, pool);

/** A heap array of seeded normal values. */
function filled(shape: readonly number[], purpose: string) {
  const array = runtime.output(shape);
  const random = randomStream(1, purpose);
  array.data.forEach((_, i) => array.data[i] = random.normal());
  return array;
}

function dense(data: Float32Array, row: number) {
  return { data, start: 0, row, column: 1 };
}

for (const tiles of ["wide", "narrow"]) {
  for (const [m, n, k] of [[1, 1, 1], [7, 9, 5], [13, 8, 300], [6, 17, 2], [96, 530, 31], [200, 100, 520]]) {
    for (const accumulate of [false, true]) {
      Deno.test(`multiply() equals the plain product, ${tiles}: ${m} × ${n} × ${k}, accumulate ${accumulate}`, () => {
        pool.call("setWideTiles", Number(tiles === "wide"));
        const a = filled([m, k], "a"), b = filled([k, n], "b"), c = runtime.output([m, n]);
        c.data.fill(accumulate ? 2 : NaN);
        const expected = new Float32Array(m * n).fill(2);
        gemm({ a: dense(a.data, k), b: dense(b.data, n), c: dense(expected, n) }, { m, n, k, accumulate });
        multiply(
          { a: { ...a, row: k, column: 1 }, b: { ...b, row: n, column: 1 }, c },
          { m, n, k, accumulate },
          runtime,
        );
        const { error, text } = relativeError(c.data, expected);
        assert.ok(error <= 1e-5, text);
      });
    }
  }
}

for (const [m, n, k] of [[11, 5, 19], [7, 130, 70], [100, 3, 2]]) {
  Deno.test(`multiply() takes transposed operands, a bias and a place inside an array: ${m} × ${n} × ${k}`, () => {
    const a = filled([k, m], "at"), b = filled([n, k], "bt"), bias = filled([n], "bias");
    const c = runtime.output([m * (n + 3)]);
    c.data.fill(7);
    const expected = new Float32Array(c.length).fill(7);
    const operands = {
      a: { data: a.data, start: 0, row: 1, column: m },
      b: { data: b.data, start: 0, row: 1, column: k },
      c: { data: expected, start: 0, row: n + 3, column: 1 },
    };
    gemm(operands, { m, n, k });
    for (let i = 0; i < m; i++) bias.data.forEach((value, j) => expected[i * (n + 3) + j] += value);
    const ours = { a: { ...a, row: 1, column: m }, b: { ...b, row: 1, column: k }, c };
    multiply(ours, { m, n, k, cRow: n + 3, bias: bias.pointer }, runtime);
    const { error, text } = relativeError(c.data, expected);
    assert.ok(error <= 1e-5, text);
  });
}

for (const [m, n, k] of [[3, 5, 17], [40, 30, 3000], [8, 300, 2100]]) {
  Deno.test(`multiplyTransposed() equals the plain product: ${m} × ${n} × ${k}`, () => {
    const a = filled([k, m], "a"), b = filled([k, n], "b"), c = runtime.output([m, n]);
    c.data.fill(NaN);
    const expected = new Float32Array(m * n);
    gemm({ a: { ...dense(a.data, 1), column: m }, b: dense(b.data, n), c: dense(expected, n) }, { m, n, k });
    multiplyTransposed({ a, b, c }, { m, n, k }, runtime);
    const { error, text } = relativeError(c.data, expected);
    assert.ok(error <= 1e-5, text);
  });
}

Deno.test("multiply() without fused multiply-adds equals the plain product", () => {
  const [m, n, k] = [50, 40, 30];
  const a = filled([m, k], "a"), b = filled([k, n], "b"), c = runtime.output([m, n]);
  const expected = new Float32Array(m * n);
  gemm({ a: dense(a.data, k), b: dense(b.data, n), c: dense(expected, n) }, { m, n, k });
  multiply(
    { a: { ...a, row: k, column: 1 }, b: { ...b, row: n, column: 1 }, c },
    { m, n, k },
    openRuntime(heap, baseline),
  );
  const { error, text } = relativeError(c.data, expected);
  assert.ok(error <= 1e-5, text);
});
