import assert from "node:assert/strict";
import { takeValues, tf } from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import { sumSlices } from "../../../lib/tensor/webgpu/multiply.ts";
import { gpuTest } from "./_gpu.ts";

gpuTest("GpuBackend records our kernels among TensorFlow.js's own, in order", async (backend) => {
  const before = tf.memory().numTensors;
  const x = tf.tidy(() => tf.mul(tf.tensor1d([1, 2, 3, 4, 5, 6]), 10));
  const [info] = backend.runKernel({ x }, ({ x }, runtime) => {
    const y = runtime.output([2]);
    sumSlices({ x, y }, { slices: 3 }, runtime);
    return [y];
  });
  const y = tf.engine().makeTensorFromTensorInfo(info) as Tensor;
  const doubled = tf.mul(y, 2);
  tf.dispose([x, y]);
  assert.deepEqual([...await takeValues(doubled)], [2 * 90, 2 * 120]);
  assert.equal(tf.memory().numTensors, before);
});

gpuTest("GpuBackend fills outputs and scratch with NaN when asked to", async (backend) => {
  const x = tf.tensor1d([1]);
  const [info] = backend.runKernel({ x }, (_, runtime) => [runtime.output([70])]);
  const values = await takeValues(tf.engine().makeTensorFromTensorInfo(info) as Tensor);
  assert.ok(values.every(Number.isNaN));
  x.dispose();
});

gpuTest("GpuBackend passes the parameters of more calls than one block holds", async (backend) => {
  let sum: Tensor = tf.tensor1d([0]);
  for (let i = 0; i < 2500; i++) {
    const [info] = backend.runKernel({ sum }, ({ sum }, runtime) => {
      const y = runtime.output([1]);
      sumSlices({ x: sum, y }, { slices: 1 }, runtime);
      return [y];
    });
    sum.dispose();
    sum = tf.engine().makeTensorFromTensorInfo(info) as Tensor;
  }
  assert.deepEqual([...await takeValues(sum)], [0]);
});

gpuTest("GpuBackend refuses tensors that the device cannot bind and says what to lower", (backend) => {
  const length = backend.device.limits.maxStorageBufferBindingSize / 4 + 1;
  const x = tf.tensor1d([1]);
  assert.throws(() => backend.runKernel({ x }, (_, runtime) => [runtime.output([length])]), {
    name: "RangeError",
    message:
      /^Cannot hold a tensor of shape \[\d+\] on this GPU: expected at most \d+ MiB, got \d+ MiB; lower run\.batch/,
  });
  x.dispose();
  return Promise.resolve();
});

gpuTest("GpuBackend throws at the next read after the device reported an error", async (backend) => {
  const x = tf.tensor1d([1]);
  const y = tf.mul(x, 2);
  backend.device.createBuffer({ size: 4, usage: 0xffff });
  await backend.device.queue.onSubmittedWorkDone();
  await assert.rejects(() => y.data(), {
    name: "BackendUnavailableError",
    message: /^Cannot go on with this GPU: .* A run goes on from its last checkpoint/s,
  });
  assert.ok(backend.deviceErrors.length > 0);
  backend.deviceErrors.length = 0;
  tf.dispose([x, y]);
});
