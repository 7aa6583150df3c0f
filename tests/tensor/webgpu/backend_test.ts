import assert from "node:assert/strict";
import { takeValues, tf } from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import { GpuBackend } from "../../../lib/tensor/webgpu/backend.ts";
import { openDevice } from "../../../lib/tensor/webgpu/device.ts";
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

gpuTest("GpuBackend refuses tensors that the device cannot hold and says what to lower", (backend) => {
  const length = Math.floor(backend.device.limits.maxBufferSize / 4) + 1;
  const x = tf.tensor1d([1]);
  assert.throws(() => backend.runKernel({ x }, (_, runtime) => [runtime.output([length])]), {
    name: "RangeError",
    message:
      /^Cannot hold a tensor of shape \[\d+\] on this GPU: expected at most \d+ MiB, got \d+ MiB; lower run\.batch/,
  });
  x.dispose();
  return Promise.resolve();
});

gpuTest("GpuBackend refuses tensors that TensorFlow.js's own kernels would make too large", (backend) => {
  const { maxStorageBufferBindingSize, maxBufferSize } = backend.device.limits;
  const length = Math.min(maxStorageBufferBindingSize, maxBufferSize) / 4 + 1;
  const before = tf.memory().numTensors;
  assert.throws(() => tf.tidy(() => tf.tile(tf.zeros([1]), [length])), {
    name: "RangeError",
    message: /^Cannot hold a tensor of/,
  });
  assert.equal(tf.memory().numTensors, before);
  return Promise.resolve();
});

gpuTest("GpuBackend refuses more workgroups along an axis than the device takes", (backend) => {
  const { maxComputeWorkgroupsPerDimension: most } = backend.device.limits;
  const x = tf.tensor1d([1]);
  const run = (): unknown =>
    backend.runKernel({ x }, ({ x }, runtime) => {
      const program = { name: "nothing", source: "" };
      runtime.run(program, { workgroups: [1, 1, most + 1], inputs: [x], outputs: [] });
      return [];
    });
  assert.throws(run, {
    name: "RangeError",
    message: `Cannot run nothing on this GPU: expected at most ${most} workgroups along an axis, got ` +
      `1 × 1 × ${most + 1}; lower run.batchSize or cropSize, or use --backend simd`,
  });
  x.dispose();
  return Promise.resolve();
});

gpuTest("GpuBackend makes no buffers and groups of bindings when work repeats", async (backend) => {
  const work = async (): Promise<void> => {
    const x = tf.tensor1d(Float32Array.from({ length: 300 }, (_, i) => i));
    await takeValues(tf.tidy(() => tf.mul(tf.add(tf.mul(x, 2), x), tf.sub(x, 1))));
    x.dispose();
  };
  for (let i = 0; i < 3; i++) await work();
  const before = backend.use;
  await work();
  const { buffers, bindGroups, dispatches } = backend.use;
  assert.ok(dispatches > before.dispatches);
  assert.deepEqual([buffers, bindGroups], [before.buffers, before.bindGroups]);
});

gpuTest("GpuBackend says at the next read that the device is out of memory", async (backend) => {
  const x = tf.tensor1d([1]);
  const y = tf.mul(x, 2);
  const error = new GPUOutOfMemoryError("no more");
  backend.device.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error, cancelable: true }));
  await assert.rejects(() => y.data(), {
    name: "BackendUnavailableError",
    message:
      /^Cannot go on with this GPU: it is out of memory\. A pre-training goes on in less memory with "recomputeBlocks"/,
  });
  backend.deviceErrors.length = 0;
  tf.dispose([x, y]);
});

gpuTest("GpuBackend ends all that waits for a lost device, and all that comes after, with one error", async () => {
  const backend = new GpuBackend(await openDevice());
  const write = (): object => backend.makeTensorInfo([1], "float32", Float32Array.of(1)).dataId;
  const [early, late] = [write(), write()];
  backend.uploadToGPU(early);
  backend.uploadToGPU(late);
  const reading = backend.read(early);
  backend.device.destroy();
  const expected = {
    name: "BackendUnavailableError",
    message: /^Lost the GPU: .+\. A run goes on from its last checkpoint with --resume FOLDER$/,
  };
  // What was on its way may still arrive.
  await reading.catch((error) => assert.match(error.message, expected.message));
  await assert.rejects(() => backend.read(late), expected);
  await assert.rejects(() => backend.finish(), expected);
  assert.equal(backend.isLost, true);
  assert.match((await backend.loss())!.message, expected.message);
});

gpuTest("GpuBackend counts no loss that came of its memory, as opening it anew would not help", async () => {
  const backend = new GpuBackend(await openDevice());
  assert.deepEqual([backend.isLost, await backend.loss()], [false, null]);
  const error = new GPUOutOfMemoryError("no more");
  backend.device.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error, cancelable: true }));
  backend.device.destroy();
  assert.equal(await backend.loss(), null);
  assert.equal(backend.isLost, true);
  await assert.rejects(() => backend.finish(), {
    message: /^Lost the GPU: .+\. A pre-training goes on in less memory/,
  });
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
