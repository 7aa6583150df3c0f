/** The heap of the simd backend. */
import assert from "node:assert/strict";
import { Heap } from "../../../lib/tensor/simd/heap.ts";

function openHeap(): Heap {
  return new Heap(new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true }), 100);
}

Deno.test("allocate() gives aligned blocks that do not overlap, after the reserved bytes", () => {
  const heap = openHeap();
  const blocks = [4, 100, 1000, 60_000, 7].map((byteLength) => heap.allocate(byteLength));
  let end = 100;
  for (const { pointer, byteLength } of blocks) {
    assert.equal(pointer % 64, 0);
    assert.ok(pointer >= end, `block at ${pointer} starts before ${end}`);
    end = pointer + byteLength;
  }
});

Deno.test("allocate() gives a released block of the same size again", () => {
  const heap = openHeap();
  const first = heap.allocate(4000);
  heap.allocate(4000);
  heap.release(first);
  assert.equal(heap.allocate(4000).pointer, first.pointer);
});

Deno.test("view() stays valid when the memory grows", () => {
  const heap = openHeap();
  const block = heap.allocate(16);
  const view = heap.view(block);
  view.set([1, 2, 3, 4]);
  heap.allocate(10_000_000);
  assert.deepEqual([...view], [1, 2, 3, 4]);
  view[0] = 9;
  assert.equal(heap.view(block)[0], 9);
});

Deno.test("use counts bytes in use, the peak and what is held", () => {
  const heap = openHeap();
  const block = heap.allocate(1_000_000);
  const { usedBytes } = heap.use;
  assert.ok(usedBytes >= 1_000_000 && usedBytes < 1_200_000, `${usedBytes} bytes`);
  heap.release(block);
  assert.equal(heap.use.usedBytes, 0);
  assert.equal(heap.use.peakBytes, usedBytes);
  assert.ok(heap.use.heldBytes >= usedBytes);
});

Deno.test("allocate() refuses more than a 32-bit memory can hold", () => {
  assert.throws(() => openHeap().allocate(5_000_000_000), {
    name: "RangeError",
    message: /^Cannot allocate \d+ bytes: expected at most 4 GiB of tensors, 0 are in use$/,
  });
});
