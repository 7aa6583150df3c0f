/** Mean of the training volumes in template space: what a network must beat to have learned more than an average. */
import type { Triple } from "../geometry.ts";
import type { ViewSample } from "./views.ts";

/** Running mean of every modality on the templates' grid. */
export class MeanVolume {
  readonly #size: Triple;
  readonly #sums = new Map<string, { sums: Float32Array; counts: Uint16Array }>();

  /** An empty mean on a grid of the templates' size (x, y, z). */
  constructor(size: Triple) {
    this.#size = size;
  }

  /** Adds all sequences of a subject at the crop's place in the template. */
  add({ modalities, voxels, cropSize, templateStart }: ViewSample): void {
    const length = cropSize[0] * cropSize[1] * cropSize[2];
    modalities.forEach((modality, channel) => {
      const { sums, counts } = this.#volumeOf(modality);
      this.#forEachVoxel({ cropSize, templateStart }, (inTemplate, inCrop) => {
        sums[inTemplate] += voxels[channel * length + inCrop];
        counts[inTemplate]++;
      });
    });
  }

  /** The mean under a crop, x fastest; 0 where no training subject reached. */
  window(modality: string, place: Pick<ViewSample, "cropSize" | "templateStart">): Float32Array {
    const window = new Float32Array(place.cropSize[0] * place.cropSize[1] * place.cropSize[2]);
    const { sums, counts } = this.#volumeOf(modality);
    this.#forEachVoxel(place, (inTemplate, inCrop) => {
      if (counts[inTemplate] > 0) window[inCrop] = sums[inTemplate] / counts[inTemplate];
    });
    return window;
  }

  #volumeOf(modality: string): { sums: Float32Array; counts: Uint16Array } {
    const length = this.#size[0] * this.#size[1] * this.#size[2];
    const found = this.#sums.get(modality) ?? { sums: new Float32Array(length), counts: new Uint16Array(length) };
    this.#sums.set(modality, found);
    return found;
  }

  #forEachVoxel(
    { cropSize, templateStart }: Pick<ViewSample, "cropSize" | "templateStart">,
    visit: (inTemplate: number, inCrop: number) => void,
  ): void {
    const [width, height, depth] = this.#size;
    for (let z = 0, inCrop = 0; z < cropSize[2]; z++) {
      for (let y = 0; y < cropSize[1]; y++) {
        for (let x = 0; x < cropSize[0]; x++, inCrop++) {
          const [tx, ty, tz] = [templateStart[0] + x, templateStart[1] + y, templateStart[2] + z];
          if (tx < 0 || ty < 0 || tz < 0 || tx >= width || ty >= height || tz >= depth) continue;
          visit((tz * height + ty) * width + tx, inCrop);
        }
      }
    }
  }
}
