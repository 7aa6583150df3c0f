import assert from "node:assert/strict";
import { MeanVolume } from "../../lib/trainer/mean_volume.ts";

Deno.test("MeanVolume averages the crops where they overlap and is 0 where none reached", () => {
  const mean = new MeanVolume([4, 1, 2]);
  // Two crops of 2×1×2 voxels; they share the template's column x = 1 in both planes.
  const crop = { cropSize: [2, 1, 2] as const, modalities: ["t1"] };
  mean.add({ ...crop, voxels: Float32Array.of(1, 2, 3, 4), templateStart: [0, 0, 0] });
  mean.add({ ...crop, voxels: Float32Array.of(10, 20, 30, 40), templateStart: [1, 0, 0] });
  const whole = mean.window("t1", { cropSize: [4, 1, 2], templateStart: [0, 0, 0] });
  assert.deepEqual([...whole], [1, 6, 20, 0, 3, 17, 40, 0]);
  const part = mean.window("t1", { cropSize: [2, 1, 1], templateStart: [1, 0, 1] });
  assert.deepEqual([...part], [17, 40]);
});

Deno.test("MeanVolume keeps modalities apart and counts each channel of a repeated one", () => {
  const mean = new MeanVolume([2, 1, 1]);
  const place = { cropSize: [2, 1, 1] as const, templateStart: [0, 0, 0] as const };
  mean.add({ ...place, modalities: ["t1", "flair", "t1"], voxels: Float32Array.of(1, 2, 10, 20, 3, 6) });
  assert.deepEqual([...mean.window("t1", place)], [2, 4]);
  assert.deepEqual([...mean.window("flair", place)], [10, 20]);
  assert.deepEqual([...mean.window("adc", place)], [0, 0]);
});

Deno.test("MeanVolume leaves out what lies beside the template, on any side", () => {
  const mean = new MeanVolume([2, 2, 1]);
  const voxels = Float32Array.from({ length: 27 }, (_, i) => i + 1);
  mean.add({ modalities: ["t1"], cropSize: [3, 3, 3], templateStart: [-1, -1, -1], voxels });
  // The crop's voxels (1, 1, 1), (2, 1, 1), (1, 2, 1) and (2, 2, 1) lie on the template.
  const window = mean.window("t1", { cropSize: [3, 3, 3], templateStart: [-1, -1, -1] });
  assert.deepEqual([...window.entries()].filter(([, value]) => value !== 0), [[13, 14], [14, 15], [16, 17], [17, 18]]);
  const beside = mean.window("t1", { cropSize: [1, 1, 1], templateStart: [2, 0, 0] });
  assert.deepEqual([...beside], [0]);
});
