/** Logits of a whole volume from windows of the training crop's size. */
import type { LabelledSample } from "../dataset/mod.ts";
import type { Triple } from "../geometry.ts";
import { takeValues, tf } from "../tensor/mod.ts";
import type { Tensor5D } from "../tensor/mod.ts";
import { stackVoxels } from "./_labelled_batch.ts";

/** A model in evaluation mode: `[1, D, H, W, C]` → logits `[1, D, H, W, K]`. */
export type Predict = (x: Tensor5D) => Tensor5D;

/**
 * Averages logits where windows overlap, each with the same weight.
 *
 * @param sample at least as large as a window along every axis
 * @returns `[D, H, W, K]`
 * @see MONAI `sliding_window_inference(mode="constant")`
 */
export async function slidingLogits(
  sample: Pick<LabelledSample, "voxels" | "cropSize">,
  { predict, windowSize, overlap }: { predict: Predict; windowSize: Triple; overlap: number },
): Promise<Float32Array> {
  const { cropSize: size } = sample;
  const [xs, ys, zs] = [0, 1, 2].map((axis) => windowStarts(size[axis], { window: windowSize[axis], overlap }));
  const voxels = size[0] * size[1] * size[2];
  const counts = new Uint16Array(voxels);
  let sums: Float32Array | undefined;
  for (const z of zs) {
    for (const y of ys) {
      for (const x of xs) {
        const logits = await windowLogits(sample, { start: [x, y, z], windowSize, predict });
        const channels = logits.length / (windowSize[0] * windowSize[1] * windowSize[2]);
        sums ??= new Float32Array(voxels * channels);
        const place = { size, start: [x, y, z] as const, windowSize };
        forEachRow(place, (inVolume, inWindow) => {
          for (let i = 0; i < windowSize[0]; i++) counts[inVolume + i]++;
          for (let i = 0; i < windowSize[0] * channels; i++) {
            sums![inVolume * channels + i] += logits[inWindow * channels + i];
          }
        });
      }
    }
  }
  const channels = sums!.length / voxels;
  return sums!.map((sum, i) => sum / counts[Math.floor(i / channels)]);
}

/** First voxels of windows along an axis: every (1 − overlap)·window, the last one moved back to the end. */
export function windowStarts(size: number, { window, overlap }: { window: number; overlap: number }): number[] {
  const step = Math.max(1, Math.floor(window * (1 - overlap)));
  const count = size <= window ? 1 : Math.ceil((size - window) / step) + 1;
  return Array.from({ length: count }, (_, i) => Math.min(i * step, size - window));
}

async function windowLogits(
  { voxels, cropSize: size }: Pick<LabelledSample, "voxels" | "cropSize">,
  { start, windowSize, predict }: { start: Triple; windowSize: Triple; predict: Predict },
): Promise<Float32Array> {
  const [length, windowLength] = [size, windowSize].map((triple) => triple[0] * triple[1] * triple[2]);
  const channels = voxels.length / length;
  const window = new Float32Array(channels * windowLength);
  for (let c = 0; c < channels; c++) {
    forEachRow({ size, start, windowSize }, (inVolume, inWindow) => {
      const from = c * length + inVolume;
      window.set(voxels.subarray(from, from + windowSize[0]), c * windowLength + inWindow);
    });
  }
  const x = stackVoxels([{ voxels: window, cropSize: windowSize }]);
  const values = await takeValues(tf.tidy(() => predict(x)));
  x.dispose();
  return values;
}

/** Visits the rows of a window: index of the first voxel in the volume and in the window. */
function forEachRow(
  { size, start, windowSize }: { size: Triple; start: Triple; windowSize: Triple },
  visit: (inVolume: number, inWindow: number) => void,
): void {
  for (let z = 0; z < windowSize[2]; z++) {
    for (let y = 0; y < windowSize[1]; y++) {
      const inVolume = ((start[2] + z) * size[1] + start[1] + y) * size[0] + start[0];
      visit(inVolume, (z * windowSize[1] + y) * windowSize[0]);
    }
  }
}
