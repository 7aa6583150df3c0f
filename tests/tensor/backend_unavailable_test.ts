/** Choosing the backend without shared memory and GPU: a process of its own, since a backend starts only once. */
import assert from "node:assert/strict";
import { BackendUnavailableError } from "../../lib/errors.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";

Object.defineProperty(navigator, "gpu", {
  value: { requestAdapter: () => Promise.resolve(null) },
  configurable: true,
});
WebAssembly.Memory = class {
  constructor() {
    throw new RangeError("no memory here");
  }
} as unknown as typeof WebAssembly.Memory;

Deno.test("selectBackend() throws with the cause when simd cannot start", async () => {
  await assert.rejects(selectBackend("simd"), (error) => {
    assert.ok(error instanceof BackendUnavailableError);
    assert.equal(error.message, `Cannot start backend "simd": no memory here`);
    assert.ok(error.cause instanceof RangeError);
    return true;
  });
});

Deno.test("selectBackend() takes the reference for auto when simd cannot start", async () => {
  const { name } = await selectBackend("auto");
  assert.deepEqual([name, tf.getBackend()], ["reference", "cpu"]);
});

Deno.test("selectBackend() throws when there is no GPU for webgpu", async () => {
  await assert.rejects(selectBackend("webgpu"), {
    name: "BackendUnavailableError",
    message: 'Cannot start backend "webgpu": expected a GPU adapter, found none; on Linux it needs a Vulkan driver',
  });
});

Deno.test("selectBackend() refuses half precision on a GPU without shader-f16", async () => {
  const adapter = { features: new Set(["timestamp-query"]), info: { description: "old GPU", device: "" } };
  Object.defineProperty(navigator, "gpu", { value: { requestAdapter: () => Promise.resolve(adapter) } });
  await assert.rejects(selectBackend("webgpu", { precision: "f16-mixed" }), {
    name: "BackendUnavailableError",
    message: 'Cannot use precision "f16-mixed": expected a GPU with shader-f16, this one lacks it; use f32 there',
  });
});
