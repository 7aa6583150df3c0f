/** What kernels are given. */
import assert from "node:assert/strict";
import { Heap } from "../../../lib/tensor/simd/heap.ts";
import { openRuntime } from "../../../lib/tensor/simd/runtime.ts";

Deno.test("openRuntime() gives scratch back on close and leaves outputs", () => {
  const heap = new Heap(new WebAssembly.Memory({ initial: 1, maximum: 16, shared: true }), 0);
  const runtime = openRuntime(heap, { run: () => {} });
  const output = runtime.output([2, 3]);
  const scratch = runtime.scratch(100);
  assert.deepEqual([output.shape, output.length, output.data.length], [[2, 3], 6, 6]);
  assert.deepEqual([scratch.shape, scratch.length], [[100], 100]);
  const before = heap.use.usedBytes;
  runtime.close();
  assert.ok(heap.use.usedBytes < before && heap.use.usedBytes > 0);
  assert.equal(heap.allocate(400).pointer, scratch.pointer);
});
