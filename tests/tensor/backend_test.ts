/** Choosing the backend. */
import assert from "node:assert/strict";
import { BACKENDS, lossOfGpu, selectBackend, tf } from "../../lib/tensor/mod.ts";
import { MAX_HEAP_BYTES } from "../../lib/tensor/simd/heap.ts";
import { hasRelaxedSimd } from "../../lib/tensor/simd/kernels.ts";
import { findAdapter, isSoftwareAdapter } from "../../lib/tensor/webgpu/device.ts";

Deno.test("selectBackend() starts the backend it is asked for and says which", async () => {
  assert.deepEqual(BACKENDS, ["auto", "webgpu", "simd", "reference"]);
  const reference = await selectBackend("reference");
  assert.equal(tf.getBackend(), "cpu");
  assert.equal(reference.name, "reference");
  assert.match(reference.description, /^reference \(.*tfjs \d+\.\d+\.\d+.*\)$/);
  const simd = await selectBackend("simd");
  assert.equal(tf.getBackend(), "simd");
  assert.equal(simd.name, "simd");
  assert.match(simd.description, /^simd \(.*\)$/);
});

Deno.test("selectBackend() tells what the simd backend found, and nothing of the kind for the reference", async () => {
  assert.equal((await selectBackend("reference")).simd, undefined);
  const { simd, description } = await selectBackend("simd");
  const { threads, vectorBits, ...others } = simd!;
  assert.ok(threads >= 1 && threads <= navigator.hardwareConcurrency);
  assert.ok(description.includes(`${vectorBits}-bit vectors`));
  assert.deepEqual(others, { relaxed: hasRelaxedSimd(), heapBytes: MAX_HEAP_BYTES });
});

Deno.test("selectBackend() takes no more memory than it is told, from a fresh start", async () => {
  const code = `import { selectBackend, tf } from "./lib/tensor/mod.ts";
    const { simd } = await selectBackend("simd", { threads: 1, heapBytes: 64 * 2 ** 20 });
    console.log(simd.heapBytes, tf.sum(tf.matMul(tf.ones([256, 256]), tf.ones([256, 256]))).dataSync()[0]);`;
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: ["eval", "-q", "--ext=ts", code],
    cwd: new URL("../../", import.meta.url),
  }).output();
  assert.equal(new TextDecoder().decode(stdout), `${64 * 2 ** 20} ${256 ** 3}\n`, new TextDecoder().decode(stderr));
});

Deno.test("selectBackend() takes a GPU for auto where there is a real one, else simd", async () => {
  await selectBackend("reference");
  const adapter = await findAdapter();
  const expected = adapter !== null && !isSoftwareAdapter(adapter) ? "webgpu" : "simd";
  const { name } = await selectBackend("auto");
  assert.deepEqual([name, tf.getBackend()], [expected, expected]);
});

Deno.test("selectBackend() can go back and forth with tensors alive", async () => {
  await selectBackend("reference");
  const x = tf.tensor1d([1, 2]);
  await selectBackend("simd");
  const y = tf.mul(x, 3);
  assert.deepEqual([...y.dataSync()], [3, 6]);
  await selectBackend("reference");
  assert.deepEqual([...tf.add(x, y).dataSync()], [4, 8]);
  tf.dispose([x, y]);
});

Deno.test("selectBackend() refuses half precision where there is no GPU for it, and says what would be right", async () => {
  for (const name of ["simd", "reference"] as const) {
    await assert.rejects(selectBackend(name, { precision: "f16-mixed" }), {
      name: "BackendUnavailableError",
      message: `Cannot use precision "f16-mixed": expected backend "webgpu", got "${name}"; use f32 there`,
    });
  }
  const adapter = await findAdapter();
  if (adapter !== null && !isSoftwareAdapter(adapter)) return;
  await assert.rejects(selectBackend("auto", { precision: "f16-mixed" }), {
    name: "BackendUnavailableError",
    message: 'Cannot use precision "f16-mixed": expected a GPU, found none; use f32 without one',
  });
});

Deno.test("lossOfGpu() is null where no GPU computes", async () => {
  for (const name of ["simd", "reference"] as const) {
    await selectBackend(name);
    assert.equal(await lossOfGpu(), null);
  }
});
