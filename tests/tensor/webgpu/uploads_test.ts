import assert from "node:assert/strict";
import { takeValues, tf } from "../../../lib/tensor/mod.ts";
import { UploadBlock } from "../../../lib/tensor/webgpu/uploads.ts";
import { gpuTest } from "./_gpu.ts";

gpuTest("UploadBlock lays values behind each other until it is full, and starts again after a flush", ({ device }) => {
  const block = new UploadBlock(device);
  assert.deepEqual([block.takes(2 ** 16), block.takes(2 ** 16 + 4)], [true, false]);
  assert.deepEqual([block.add(Float32Array.of(1, 2)), block.add(Int32Array.of(3))], [0, 8]);
  const rest = block.buffer.size - 12;
  assert.deepEqual([block.hasRoom(rest), block.hasRoom(rest + 4)], [true, false]);
  block.flush();
  assert.equal(block.add(Float32Array.of(4)), 0);
  block.buffer.destroy();
  return Promise.resolve();
});

gpuTest(
  "GpuBackend uploads small tensors in time, those of buffers that earlier work still reads included",
  async (backend) => {
    const before = backend.use.buffers;
    let sum = tf.zeros([1000]);
    for (let i = 0; i < 400; i++) {
      const values = new Float32Array(1000).fill(2 * i);
      const added = tf.tidy(() => tf.add(sum, tf.tensor1d(values)));
      sum.dispose();
      sum = added;
    }
    assert.deepEqual([...new Set(await takeValues(sum))], [400 * 399]);
    assert.ok(backend.use.buffers - before < 40, `${backend.use.buffers - before} buffers`);
    const truth = tf.tidy(() =>
      tf.add(tf.cast(tf.tensor1d([true, false], "bool"), "float32"), tf.tensor1d([2, 3], "int32"))
    );
    assert.deepEqual([...await takeValues(truth)], [3, 3]);
  },
);
