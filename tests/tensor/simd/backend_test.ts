/** The simd backend as tfjs sees it. */
import assert from "node:assert/strict";
import { gelu, linear, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import { SimdBackend } from "../../../lib/tensor/simd/backend.ts";
import type { SimdMemory } from "../../../lib/tensor/simd/backend.ts";
import { relativeError } from "../_ops.ts";
import { registerSimd } from "./_simd.ts";

await selectBackend("simd");
const backend = tf.backend() as unknown as SimdBackend;

Deno.test("SimdBackend runs tfjs's own kernels on tensors that lie in the heap", () => {
  tf.tidy(() => {
    const y = linear(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]]));
    assert.deepEqual([...tf.concat([y, tf.mul(y, y)], 1).dataSync()], [11, 121]);
  });
});

Deno.test("readSync() returns a copy, which later tensors cannot change", () => {
  const values = tf.tidy(() => linear(tf.ones([3, 2]), tf.ones([2, 5])).dataSync());
  tf.tidy(() => linear(tf.fill([3, 2], 7), tf.ones([2, 5])));
  assert.deepEqual([...values], Array(15).fill(2));
  assert.ok(values.buffer instanceof ArrayBuffer);
});

Deno.test("disposed tensors give their heap back: 1000 products leave it as it was", () => {
  const run = (): void => tf.tidy(() => void linear(tf.ones([30, 20]), tf.ones([20, 50])));
  run();
  const { usedBytes, heldBytes } = backend.heapUse;
  for (let i = 0; i < 1000; i++) run();
  assert.deepEqual([backend.heapUse.usedBytes, backend.heapUse.heldBytes], [usedBytes, heldBytes]);
});

Deno.test("tensors that plain kernels make of views of a heap tensor outlive it", () => {
  const x = linear(tf.tensor2d([[1], [2], [3]]), tf.tensor2d([[1, 10]]));
  const rows = tf.slice(x, [1, 0], [2, 2]);
  const real = tf.real(tf.complex(x, tf.zerosLike(x)));
  x.dispose();
  const other = linear(tf.fill([3, 1], 7), tf.ones([1, 2]));
  assert.deepEqual([...rows.dataSync()], [2, 20, 3, 30]);
  assert.deepEqual([...real.dataSync()], [1, 10, 2, 20, 3, 30]);
  tf.dispose([rows, real, other]);
});

Deno.test("a tensor that shares its data with another keeps it when that one goes", () => {
  const x = linear(tf.tensor2d([[1], [2]]), tf.tensor2d([[1, 10]]));
  const reshaped = tf.reshape(x, [4]);
  x.dispose();
  const other = linear(tf.fill([2, 1], 7), tf.ones([1, 2]));
  assert.deepEqual([...reshaped.dataSync()], [1, 10, 2, 20]);
  tf.dispose([reshaped, other]);
});

Deno.test("a SIMD kernel reads int32 and bool data through a float32 cast and leaves them what they are", () => {
  tf.tidy(() => {
    const integers = tf.tensor2d([[1, 2]], [1, 2], "int32"), flags = tf.tensor2d([[true, false]], [1, 2], "bool");
    for (const [x, expected] of [[integers, 11], [flags, 3]] as const) {
      const y = linear(tf.cast(x, "float32"), tf.tensor2d([[3], [4]]));
      assert.deepEqual([...y.dataSync()], [expected]);
    }
    assert.ok(integers.dataSync() instanceof Int32Array);
    assert.ok(flags.dataSync() instanceof Uint8Array);
  });
});

Deno.test("a kernel that fails leaves nothing behind in the heap", () => {
  const x = tf.tensor1d([1]);
  const { usedBytes } = backend.heapUse;
  const run = () =>
    backend.runKernel({ x }, (_, runtime) => {
      runtime.output([1000]), runtime.scratch(1000);
      throw new Error("Cannot go on");
    });
  assert.throws(run, { message: "Cannot go on" });
  x.dispose();
  assert.equal(backend.heapUse.usedBytes, usedBytes);
});

Deno.test("a kernel may return its input: the tensor is a copy", () => {
  const x = tf.tensor1d([1, 2]);
  const [info] = backend.runKernel({ x }, (arrays) => [arrays.x]);
  x.dispose();
  assert.deepEqual([...backend.readSync(info.dataId) as Float32Array], [1, 2]);
  backend.disposeData(info.dataId);
});

Deno.test("tf.memory() shows what the heap holds and what was copied out of it", () => {
  const x = linear(tf.ones([100, 10]), tf.ones([10, 100]));
  const { numTensors, heap } = tf.memory() as tf.MemoryInfo & SimdMemory;
  assert.ok(numTensors > 0);
  assert.deepEqual(heap, backend.heapUse);
  assert.ok(heap.usedBytes >= 40_000 && heap.peakBytes >= heap.usedBytes && heap.heldBytes >= heap.peakBytes);
  assert.deepEqual([heap.spilledBytes, heap.spills, heap.returns], [0, { count: 0, bytes: 0 }, { count: 0, bytes: 0 }]);
  x.dispose();
});

Deno.test("kernels work on addresses over 2 GiB", () => {
  // Blocks that nobody touches take no memory of the machine.
  const [low] = backend.runKernel({}, (_, runtime) => [runtime.output([300 * 2 ** 20])]);
  const [middle] = backend.runKernel({}, (_, runtime) => [runtime.output([300 * 2 ** 20])]);
  let pointer = 0;
  const x = tf.randomUniform([70, 300], -1, 1);
  const [high] = backend.runKernel({ x }, ({ x }, runtime) => {
    const y = runtime.output(x.shape);
    pointer = y.pointer;
    runtime.run("geluForward", { units: x.length, grain: 1000 }, [x.pointer, y.pointer]);
    return [y];
  });
  assert.ok(pointer > 2 ** 31, `${pointer}`);
  const y = backend.readSync(high.dataId);
  for (const { dataId } of [low, middle]) backend.disposeData(dataId);
  assert.deepEqual(y, gelu(x).dataSync());
  backend.disposeData(high.dataId), x.dispose();
});

Deno.test("a kernel whose tensors do not fit together throws, and the backend goes on", async () => {
  const small = await registerSimd("small", { heapBytes: 6 * 2 ** 20 });
  await tf.setBackend("small");
  const x = tf.ones([200, 1000]), y = gelu(tf.ones([10, 10]));
  assert.throws(() => gelu(x), {
    name: "RangeError",
    message: /^Cannot allocate 800000 bytes: expected at most 6 MiB of tensors, \d+ are in use$/,
  });
  assert.equal(gelu(tf.ones([100, 1000])).dataSync()[99_999], y.dataSync()[99]);
  assert.ok(small.heapUse.spilledBytes > 0);
  await tf.setBackend("simd");
});

Deno.test("SimdBackend.open() says what limits it takes", async () => {
  for (const heapBytes of [0, 2 ** 32, NaN]) {
    await assert.rejects(SimdBackend.open({ threads: 1, heapBytes }), {
      name: "RangeError",
      message: `Cannot open simd: expected heapBytes of 1 to 4294901760, got ${heapBytes}`,
    });
  }
  await assert.rejects(SimdBackend.open({ threads: 1, heapBytes: 2 ** 20 }), {
    name: "RangeError",
    message: "Cannot allocate 4194304 bytes: expected at most 1 MiB of tensors, 1088 are in use",
  });
});

Deno.test("poison shows a value that a kernel leaves unwritten", () => {
  backend.poison = true;
  const x = tf.ones([70]);
  const [half] = backend.runKernel({ x }, ({ x }, runtime) => {
    const y = runtime.output([70]);
    runtime.run("geluForward", { units: 36, grain: 36 }, [x.pointer, y.pointer]);
    return [y];
  });
  backend.poison = false;
  const values = backend.readSync(half.dataId) as Float32Array;
  const { error } = relativeError(values, new Float32Array(70).fill(values[0]));
  assert.ok(Number.isNaN(error) && !Number.isNaN(values[0]));
  backend.disposeData(half.dataId), x.dispose();
});
