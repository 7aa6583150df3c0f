/** Labelled samples as tensors. */
import type { LabelledSample } from "../dataset/mod.ts";
import { tf } from "../tensor/mod.ts";
import type { Tensor5D } from "../tensor/mod.ts";

/** Samples of one crop size → `[B, D, H, W, C]`; the caller frees it. */
export function stackVoxels(samples: readonly Pick<LabelledSample, "voxels" | "cropSize">[]): Tensor5D {
  const [width, height, depth] = samples[0].cropSize;
  const length = width * height * depth;
  const channels = samples[0].voxels.length / length;
  const values = new Float32Array(samples.length * channels * length);
  samples.forEach(({ voxels }, sample) => {
    for (let c = 0; c < channels; c++) {
      for (let i = 0, to = sample * length * channels + c; i < length; i++, to += channels) {
        values[to] = voxels[c * length + i];
      }
    }
  });
  return tf.tensor(values, [samples.length, depth, height, width, channels]) as Tensor5D;
}
