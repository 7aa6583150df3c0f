import assert from "node:assert/strict";
import { BufferPool } from "../../../lib/tensor/webgpu/buffers.ts";
import { gpuTest } from "./_gpu.ts";

gpuTest("BufferPool gives the buffer made first of those that are free, whatever was freed last", ({ device }) => {
  const pool = new BufferPool(device);
  const take = (size = 64): GPUBuffer => pool.acquireBuffer(size, GPUBufferUsage.STORAGE);
  const [first, second, third] = [take(), take(), take()];
  for (const buffer of [second, third, first]) pool.releaseBuffer(buffer);
  assert.deepEqual([take(), take()], [first, second]);
  assert.notEqual(take(128), third);
  assert.equal(pool.made, 4);
  assert.deepEqual([pool.getNumUsedBuffers(), pool.getNumFreeBuffers()], [3, 1]);
  assert.deepEqual([pool.numBytesUsed, pool.numBytesAllocated], [256, 320]);
  pool.dispose();
  return Promise.resolve();
});

gpuTest(
  "BufferPool frees memory of what it is not to keep, of free buffers when trimmed, and of all at the end",
  ({ device }) => {
    const pool = new BufferPool(device);
    const take = (): GPUBuffer => pool.acquireBuffer(64, GPUBufferUsage.STORAGE);
    const [first, second] = [take(), take()];
    pool.releaseBuffer(first, false);
    // Twice is no harm.
    pool.releaseBuffer(first, false);
    assert.deepEqual([pool.numBytesUsed, pool.numBytesAllocated], [64, 64]);
    pool.releaseBuffer(second);
    pool.trim();
    assert.deepEqual([pool.getNumFreeBuffers(), pool.numBytesAllocated], [0, 0]);
    take();
    pool.dispose();
    assert.deepEqual([pool.getNumUsedBuffers(), pool.numBytesUsed, pool.numBytesAllocated], [0, 0, 0]);
    return Promise.resolve();
  },
);
