/** What kernels are given. */
import assert from "node:assert/strict";
import { Heap } from "../../../lib/tensor/simd/heap.ts";
import { openRuntime } from "../../../lib/tensor/simd/runtime.ts";

function openHeap(): Heap {
  return new Heap(new WebAssembly.Memory({ initial: 1, maximum: 16, shared: true }), 0);
}

Deno.test("openRuntime() gives scratch back on close and leaves the outputs that were kept", () => {
  const heap = openHeap();
  const runtime = openRuntime(heap, { run: () => {} });
  const output = runtime.output([2, 3]);
  const scratch = runtime.scratch(100);
  assert.deepEqual([output.shape, output.length, output.data.length], [[2, 3], 6, 6]);
  assert.deepEqual([scratch.shape, scratch.length], [[100], 100]);
  const before = heap.use.usedBytes;
  assert.deepEqual(runtime.keep({ ...output, shape: [6] }), { pointer: output.pointer, byteLength: 24 });
  runtime.close();
  assert.ok(heap.use.usedBytes < before && heap.use.usedBytes > 0);
  assert.equal(heap.allocate(400).pointer, scratch.pointer);
});

Deno.test("openRuntime() gives outputs back that nobody kept", () => {
  const heap = openHeap();
  const runtime = openRuntime(heap, { run: () => {} });
  runtime.output([2, 3]);
  runtime.close();
  assert.equal(heap.use.usedBytes, 0);
});

Deno.test("keep() knows outputs alone, and each once", () => {
  const runtime = openRuntime(openHeap(), { run: () => {} });
  const output = runtime.output([1]);
  assert.equal(runtime.keep(runtime.scratch(1)), undefined);
  assert.notEqual(runtime.keep(output), undefined);
  assert.equal(runtime.keep(output), undefined);
});
