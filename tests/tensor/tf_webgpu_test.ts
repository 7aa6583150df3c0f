import assert from "node:assert/strict";
import { tf } from "../../lib/tensor/mod.ts";

Deno.test("tf_webgpu.ts brings TensorFlow.js's kernels and keeps small tensors on the device", async () => {
  const { WebGPUBackend } = await import("../../lib/tensor/tf_webgpu.ts");
  assert.equal(typeof WebGPUBackend, "function");
  assert.ok(tf.getKernel("Conv3D", "webgpu"));
  assert.equal(tf.env().getBool("WEBGPU_CPU_FORWARD"), false);
});
