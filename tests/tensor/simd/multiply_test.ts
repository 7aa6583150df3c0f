/** Matrix products in the heap against the plain ones, on sizes that fill no tile. */
import assert from "node:assert/strict";
import { randomStream } from "../../../lib/random.ts";
import { gemm } from "../../../lib/tensor/ops/_gemm.ts";
import { Heap } from "../../../lib/tensor/simd/heap.ts";
import { loadKernels } from "../../../lib/tensor/simd/kernels.ts";
import { heapGemm, multiply } from "../../../lib/tensor/simd/multiply.ts";
import { openRuntime } from "../../../lib/tensor/simd/runtime.ts";
import { relativeError } from "../_ops.ts";

const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
const heap = new Heap(memory, 4096);
const kernels = await loadKernels(memory);
const runtime = openRuntime(heap, { kernels, gemmScratch: heap.allocate(kernels.gemmScratchBytes()).pointer });

/** A heap array of seeded normal values; memory before it was poisoned. */
function filled(shape: readonly number[], purpose: string) {
  const array = runtime.output(shape);
  const random = randomStream(1, purpose);
  array.data.forEach((_, i) => array.data[i] = random.normal());
  return array;
}

for (const [m, n, k] of [[1, 1, 1], [7, 9, 5], [13, 8, 300], [6, 17, 2], [96, 530, 31]]) {
  for (const accumulate of [false, true]) {
    Deno.test(`multiply() equals the plain product: ${m} × ${n} × ${k}, accumulate ${accumulate}`, () => {
      const a = filled([m, k], "a"), b = filled([k, n], "b"), c = runtime.output([m, n]);
      c.data.fill(accumulate ? 2 : NaN);
      const expected = new Float32Array(m * n).fill(2);
      const dense = (data: Float32Array, row: number) => ({ data, start: 0, row, column: 1 });
      gemm({ a: dense(a.data, k), b: dense(b.data, n), c: dense(expected, n) }, { m, n, k, accumulate });
      multiply({ a: [a, k, 1], b: [b, n, 1], c }, { m, n, k, accumulate }, runtime);
      const { error, text } = relativeError(c.data, expected);
      assert.ok(error <= 1e-5, text);
    });
  }
}

Deno.test("heapGemm() takes transposed operands and a place inside an array", () => {
  const [m, n, k] = [11, 5, 19];
  const a = filled([k, m], "at"), b = filled([n, k], "bt"), c = runtime.output([m * 8 + 3]);
  c.data.fill(0);
  const expected = new Float32Array(c.length);
  const operands = (data: Float32Array) => ({
    a: { data: a.data, start: 0, row: 1, column: m },
    b: { data: b.data, start: 0, row: 1, column: k },
    c: { data, start: 3, row: 8, column: 1 },
  });
  gemm(operands(expected), { m, n, k });
  heapGemm(runtime)(operands(c.data), { m, n, k });
  const { error, text } = relativeError(c.data, expected);
  assert.ok(error <= 1e-5, text);
});
