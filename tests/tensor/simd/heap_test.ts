/** The heap of the simd backend. */
import assert from "node:assert/strict";
import { randomStream } from "../../../lib/random.ts";
import { Heap, MAX_HEAP_BYTES } from "../../../lib/tensor/simd/heap.ts";
import type { HeapBlock, HeapOptions } from "../../../lib/tensor/simd/heap.ts";

const MIB = 2 ** 20;

function openHeap(options?: HeapOptions): Heap {
  return new Heap(new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true }), 100, options);
}

/** A heap that has grown to its limit. */
function openFullHeap(limitBytes: number): Heap {
  const heap = openHeap({ limitBytes });
  heap.release(heap.allocate(limitBytes - 256));
  return heap;
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

Deno.test("release() joins a block with its free neighbours on both sides", () => {
  const heap = openFullHeap(4 * MIB);
  const [a, b, c, d] = [1, 1, 1, 0.5].map((size) => heap.allocate(size * MIB));
  heap.release(a), heap.release(c);
  assert.equal(heap.tryAllocate(2 * MIB), undefined);
  heap.release(b);
  const whole = heap.allocate(3 * MIB);
  assert.equal(whole.pointer, a.pointer);
  heap.release(whole), heap.release(d);
  assert.deepEqual(heap.free, { large: [{ pointer: 128, byteLength: 4 * MIB - 128 }], small: [] });
});

Deno.test("allocate() takes the shortest free span that fits, the lowest of equal ones, and leaves its rest", () => {
  const heap = openHeap();
  const sizes = [300_000, 200_000, 250_000, 200_000];
  const blocks = sizes.map((size) => {
    const block = heap.allocate(size);
    heap.allocate(100_000);
    return block;
  });
  blocks.forEach((block) => heap.release(block));
  assert.equal(heap.allocate(199_000).pointer, blocks[1].pointer);
  assert.equal(heap.allocate(200_000).pointer, blocks[3].pointer);
  assert.equal(heap.allocate(200_000).pointer, blocks[2].pointer);
  assert.equal(heap.allocate(220_000).pointer, blocks[0].pointer);
  assert.equal(heap.allocate(70_000).pointer, blocks[0].pointer + 220_096);
});

Deno.test("small blocks between large ones leave no holes behind", () => {
  const heap = openFullHeap(16 * MIB);
  const large: HeapBlock[] = [], small: HeapBlock[] = [];
  for (let i = 0; i < 14; i++) large.push(heap.allocate(MIB)), small.push(heap.allocate(100));
  large.forEach((block) => heap.release(block));
  const block = heap.allocate(14 * MIB);
  small.forEach((block) => heap.release(block));
  heap.release(block);
  assert.equal(heap.free.large.length, 1);
});

Deno.test("tryAllocate() says when nothing fits, and allocate() throws, with the heap as before", () => {
  const heap = openHeap({ limitBytes: 2 * MIB });
  const block = heap.allocate(MIB);
  assert.equal(heap.tryAllocate(MIB), undefined);
  assert.throws(() => heap.allocate(MIB), {
    name: "RangeError",
    message: "Cannot allocate 1048576 bytes: expected at most 2 MiB of tensors, 1048640 are in use",
  });
  heap.release(block);
  assert.equal(heap.allocate(1.9 * MIB).pointer, block.pointer);
});

Deno.test("the memory doubles while small, and grows by at most 128 MiB", () => {
  const heap = openHeap();
  const held: number[] = [];
  while (heap.use.heldBytes < 600 * MIB) {
    heap.allocate(MIB);
    if (heap.use.heldBytes !== held.at(-1)) held.push(heap.use.heldBytes);
  }
  for (let i = 1; i < held.length; i++) {
    const growth = held[i] - held[i - 1];
    assert.ok(growth >= Math.min(held[i - 1], 128 * MIB) && growth <= Math.max(2 * MIB, 128 * MIB), `${held}`);
  }
  assert.ok(held.length < 20);
});

Deno.test("the memory never grows over the limit", () => {
  const heap = openHeap({ limitBytes: 3 * MIB });
  while (heap.tryAllocate(100_000));
  assert.equal(heap.use.limitBytes, 3 * MIB);
  assert.equal(heap.use.heldBytes, 3 * MIB);
  assert.ok(heap.use.usedBytes > 2.8 * MIB);
  assert.equal(openHeap().use.limitBytes, MAX_HEAP_BYTES);
});

Deno.test("a memory that cannot grow as far as the limit gives what it has", () => {
  const heap = new Heap(new WebAssembly.Memory({ initial: 1, maximum: 32, shared: true }), 0);
  assert.equal(heap.tryAllocate(3 * MIB), undefined);
  assert.notEqual(heap.tryAllocate(1.9 * MIB), undefined);
});

const SIZES = [[0, 300], [300, 20_000], [50_000, 80_000], [80_000, 900_000]];

for (let seed = 0; seed < 20; seed++) {
  Deno.test(`any order of allocate() and release() keeps blocks apart, and ends with one free span: ${seed}`, () => {
    const heap = openFullHeap(24 * MIB);
    const before = heap.free;
    const random = randomStream(seed, "heap-test");
    const live: HeapBlock[] = [];
    for (let i = 0; i < 2000; i++) {
      const [low, high] = SIZES[random.integer(SIZES.length)];
      const block = random.integer(5) < 3 ? heap.tryAllocate(low + random.integer(high - low)) : undefined;
      if (block) live.push(block);
      else if (live.length > 0) heap.release(...live.splice(random.integer(live.length), 1) as [HeapBlock]);
      if (i % 100 === 0) expectApart(live, heap);
    }
    expectApart(live, heap);
    live.forEach((block) => heap.release(block));
    assert.deepEqual(heap.free, before);
    assert.equal(heap.use.usedBytes, 0);
  });
}

/** Live blocks and free spans: aligned, with slack, inside the memory, none over another, and the count is right. */
function expectApart(live: readonly HeapBlock[], heap: Heap): void {
  const used = live.map(({ pointer, byteLength }) => ({
    pointer,
    byteLength: Math.ceil((byteLength + 64) / 64) * 64,
  }));
  assert.equal(heap.use.usedBytes, used.reduce((sum, { byteLength }) => sum + byteLength, 0));
  const all = [...used, ...heap.free.large, ...heap.free.small].sort((a, b) => a.pointer - b.pointer);
  let end = 100;
  for (const { pointer, byteLength } of all) {
    assert.equal(pointer % 64, 0);
    assert.ok(pointer >= end, `block at ${pointer} starts before ${end}`);
    end = pointer + byteLength;
  }
  assert.ok(end <= heap.use.limitBytes);
}

Deno.test("allocate() refuses more than a 32-bit memory can hold", () => {
  for (const byteLength of [5_000_000_000, 2 ** 53 - 1]) {
    assert.throws(() => openHeap().allocate(byteLength), {
      name: "RangeError",
      message: `Cannot allocate ${byteLength} bytes: expected at most 4 GiB of tensors, 0 are in use`,
    });
  }
});
