import assert from "node:assert/strict";
import { tf } from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import { sumSlices } from "../../../lib/tensor/webgpu/multiply.ts";
import { Timeline } from "../../../lib/tensor/webgpu/timeline.ts";
import { gpuTest } from "./_gpu.ts";

gpuTest("Timeline gives the names and times of dispatches in their order", async (backend) => {
  if (!backend.device.features.has("timestamp-query")) return;
  backend.poison = false;
  const x = tf.tensor1d(new Float32Array(1 << 16));
  backend.startTimeline();
  for (const slices of [4, 16]) {
    const [info] = backend.runKernel({ x }, ({ x }, runtime) => {
      const y = runtime.output([x.length / slices]);
      sumSlices({ x, y }, { slices }, runtime);
      return [y];
    });
    (tf.engine().makeTensorFromTensorInfo(info) as Tensor).dispose();
  }
  const spans = await backend.takeTimeline();
  x.dispose();
  assert.deepEqual(spans.map(({ name }) => name), ["sum_slices", "sum_slices"]);
  for (const { start, end } of spans) assert.ok(end >= start, `${start} to ${end}`);
  assert.ok(spans[1].start >= spans[0].end);
  assert.deepEqual(await backend.takeTimeline(), []);
});

Deno.test("Timeline refuses a device without timestamps", () => {
  const device = { features: new Set() } as unknown as GPUDevice;
  assert.throws(() => new Timeline(device), {
    name: "RangeError",
    message: "Cannot time programs: expected a GPU with timestamp-query, this one lacks it",
  });
});
