import assert from "node:assert/strict";
import { BindGroups } from "../../../lib/tensor/webgpu/bind_groups.ts";
import { ParameterBlock } from "../../../lib/tensor/webgpu/parameters.ts";
import { gpuTest } from "./_gpu.ts";

gpuTest("BindGroups makes a group once for a layout and a list of buffers or windows of them", ({ device }) => {
  const groups = new BindGroups(device, new ParameterBlock(device));
  const visibility = GPUShaderStage.COMPUTE;
  const layout = device.createBindGroupLayout({
    entries: [
      { binding: 0, visibility, buffer: { type: "uniform", hasDynamicOffset: true } },
      { binding: 1, visibility, buffer: { type: "storage" } },
      { binding: 2, visibility, buffer: { type: "storage" } },
    ],
  });
  const [a, b] = [0, 1].map(() => ({ buffer: device.createBuffer({ size: 1024, usage: GPUBufferUsage.STORAGE }) }));
  const first = groups.take(layout, [a, b]);
  assert.equal(groups.take(layout, [a, b]), first);
  assert.notEqual(groups.take(layout, [b, a]), first);
  const window = { ...b, offset: 256, size: 16 };
  const ofWindow = groups.take(layout, [a, window]);
  assert.notEqual(ofWindow, first);
  assert.equal(groups.take(layout, [a, { ...window }]), ofWindow);
  assert.notEqual(groups.take(layout, [a, { ...window, offset: 512 }]), ofWindow);
  assert.equal(groups.made, 4);
  return Promise.resolve();
});
