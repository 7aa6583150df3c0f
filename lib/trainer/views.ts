/** From samples and targets to the two masked views that the network sees. */
import type { Triple } from "../geometry.ts";
import { drawBlockMask } from "../masking/mod.ts";
import { randomStream } from "../random.ts";
import type { Templates } from "../templates/mod.ts";
import { maskedFill, tf } from "../tensor/mod.ts";
import type { Tensor, Tensor5D } from "../tensor/mod.ts";
import type { BatchPlace, Target } from "./targets.ts";

/** The parts of a sample that views are made of. */
export interface ViewSample {
  readonly modalities: readonly string[];
  /** `[C, D, H, W]`, x fastest. */
  readonly voxels: Float32Array;
  readonly cropSize: Triple;
  readonly templateStart: Triple;
}

/** Constant tensors of one pass; views are built from them inside the gradient, since the template takes part. */
export interface PassInputs {
  /** What is to be rebuilt, `[n, D, H, W, 1]`. */
  readonly truth: Tensor5D;
  /** Other modality of each target, or zeros where the template fills, `[n, D, H, W, 1]`. */
  readonly other: Tensor5D;
  /** 1 where `other` gives way to the template, `[n, D, H, W, 1]`; null when no target needs it. */
  readonly templateInstead: Tensor5D | null;
  /** Masks of the two views, 1 = hidden, `[n, D, H, W, 1]`. */
  readonly masks: readonly [Tensor5D, Tensor5D];
}

/** How masks are drawn. */
export interface MaskOptions {
  readonly maskRatio: number;
  readonly blockSize: number;
}

/** Gathers voxels and draws the masks of a pass; the caller frees the tensors. */
export function gatherPass(
  samples: readonly ViewSample[],
  { targets, place, mask }: { targets: readonly Target[]; place: BatchPlace; mask: MaskOptions },
): PassInputs {
  const [width, height, depth] = samples[0].cropSize;
  const shape: [number, number, number, number, number] = [targets.length, depth, height, width, 1];
  const length = width * height * depth;
  const stack = (part: (target: Target) => Float32Array): Tensor5D => {
    const values = new Float32Array(targets.length * length);
    targets.forEach((target, i) => values.set(part(target), i * length));
    return tf.tensor(values, shape) as Tensor5D;
  };
  const channelOf = ({ sample }: Target, channel: number): Float32Array =>
    samples[sample].voxels.subarray(channel * length, (channel + 1) * length);
  const drawMask = (view: number) => ({ position, channel }: Target): Float32Array => {
    const { seed, epoch, index } = place;
    const random = randomStream(seed, "mask", epoch, index, position, channel, view);
    return drawBlockMask({ size: [depth, height, width], ...mask, random });
  };
  const empty = new Float32Array(length);
  const full = new Float32Array(length).fill(1);
  return {
    truth: stack((target) => channelOf(target, target.channel)),
    other: stack((target) => target.source === null ? empty : channelOf(target, target.source)),
    templateInstead: targets.some(({ source }) => source === null)
      ? stack(({ source }) => source === null ? full : empty)
      : null,
    masks: [stack(drawMask(0)), stack(drawMask(1))],
  };
}

/**
 * Fills the masked blocks: the first view from the template, the second from another modality (or the template).
 *
 * Shapes: → `[2n, D, H, W, 1]`, first all first views, then all second ones; not distilled → `[n, D, H, W, 1]`, the second
 * ones. Differentiable in the templates.
 *
 * @see BrainMVP, arXiv 2410.10604, equations of cross-modal reconstruction and modal data distillation
 */
export function buildViews(
  inputs: PassInputs,
  { samples, targets, templates, distilled = true }: {
    samples: readonly ViewSample[];
    targets: readonly Target[];
    templates: Templates;
    distilled?: boolean;
  },
): Tensor5D {
  const places = targets.map(({ sample, channel }) => {
    const { modalities, templateStart } = samples[sample];
    return { modality: modalities[channel], start: templateStart };
  });
  const { truth, other, templateInstead, masks } = inputs;
  if (!distilled && !templateInstead) return maskedFill(truth, { fill: other, mask: masks[1] }) as Tensor5D;
  const window = templates.windows(places, samples[0].cropSize);
  const fill = templateInstead ? maskedFill(other, { fill: window, mask: templateInstead }) : other;
  const crossModal: Tensor = maskedFill(truth, { fill, mask: masks[1] });
  if (!distilled) return crossModal as Tensor5D;
  const distillation: Tensor = maskedFill(truth, { fill: window, mask: masks[0] });
  return tf.concat([distillation, crossModal], 0) as Tensor5D;
}

/** Frees a pass's tensors. */
export function disposePass({ truth, other, templateInstead, masks }: PassInputs): void {
  tf.dispose([truth, other, ...masks, ...(templateInstead ? [templateInstead] : [])]);
}
