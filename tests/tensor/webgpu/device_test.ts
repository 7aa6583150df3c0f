import assert from "node:assert/strict";
import { findAdapter, isSoftwareAdapter, openDevice } from "../../../lib/tensor/webgpu/device.ts";
import { gpuTest } from "./_gpu.ts";

function adapterOf(info: Partial<GPUAdapterInfo>): GPUAdapter {
  return { info: { vendor: "", architecture: "", device: "", description: "", ...info } } as GPUAdapter;
}

Deno.test("isSoftwareAdapter() knows adapters that compute on the CPU by what they call themselves", () => {
  assert.ok(isSoftwareAdapter(adapterOf({ description: "llvmpipe (LLVM 15.0.6, 256 bits)" })));
  assert.ok(isSoftwareAdapter(adapterOf({ description: "SwiftShader Device (Subzero)" })));
  assert.ok(isSoftwareAdapter(adapterOf({ description: "Microsoft Basic Render Driver" })));
  assert.ok(isSoftwareAdapter(adapterOf({ isFallbackAdapter: true })));
  assert.ok(!isSoftwareAdapter(adapterOf({ description: "NVIDIA H100 80GB HBM3", isFallbackAdapter: false })));
  assert.ok(!isSoftwareAdapter(adapterOf({ description: "Apple M3 Max" })));
});

gpuTest("openDevice() opens a device with the limits of its adapter", async () => {
  const { device, info } = await openDevice();
  const adapter = await findAdapter();
  assert.equal(device.limits.maxStorageBufferBindingSize, adapter!.limits.maxStorageBufferBindingSize);
  assert.equal(device.limits.maxComputeInvocationsPerWorkgroup, adapter!.limits.maxComputeInvocationsPerWorkgroup);
  assert.equal(info.description, adapter!.info.description);
  device.destroy();
});
