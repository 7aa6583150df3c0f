/** From the scans of one subject to its segmentation on their own grid. */
import { centreSample, type Grid, resampleToGrid, type SubjectImage, type TemplateVolume } from "../lib/dataset/mod.ts";
import { DatalistError } from "../lib/errors.ts";
import {
  labelMap,
  NO_MIRROR,
  slidingWindow,
  type SlidingWindowOptions,
  toProbabilities,
} from "../lib/inference/mod.ts";
import { takeValues, tf } from "../lib/tensor/mod.ts";
import type { Tensor, Tensor5D } from "../lib/tensor/mod.ts";
import type { ClassificationTask, SegmentationTask, Task } from "../recipes/tasks/mod.ts";
import type { PreparedSubject } from "./_finetuned.ts";

/** What stands in for a modality that a subject lacks. */
export type Fill = { readonly kind: "zero" } | {
  readonly kind: "template";
  readonly templates: readonly TemplateVolume[];
};

/** What a subject is predicted with. */
export interface SubjectOptions {
  readonly prepare: (images: readonly SubjectImage[]) => PreparedSubject;
  /** Windows, and the network. */
  readonly windows: Omit<SlidingWindowOptions, "emptyLogits">;
  /** Leave windows without foreground out. */
  readonly skipEmpty?: boolean;
  /** Not given: a subject must have every modality. */
  readonly fill?: Fill;
}

/** A segmentation on the grid of the scans. */
export interface Segmentation extends Grid {
  /** The task's label values. */
  readonly labels: Float32Array;
  /** One volume per region; 0 where the network has not looked. */
  readonly probabilities: readonly Float32Array[];
}

/** A logit that is background beyond doubt. */
const SURE = 20;

/**
 * Segments one subject: its scans are prepared as in training, predicted there, and the probabilities of the regions are
 * resampled to the scans' own grid (trilinear); labels are decided there. Outside of what the network has seen is
 * background.
 *
 * @param images those of the task's modalities that the subject has, on one grid
 */
export async function segmentSubject(
  images: readonly SubjectImage[],
  { task, ...options }: SubjectOptions & { task: SegmentationTask },
): Promise<Segmentation> {
  const { regions, output } = task;
  const stack = prepareChannels(images, { ...options, task });
  const sure = output === "softmax" ? [SURE, ...regions.map(() => 0)] : regions.map(() => -SURE);
  const emptyLogits = options.skipEmpty ? sure : undefined;
  const logits = await slidingWindow(stack.channels, stack.size, { ...options.windows, emptyLogits });
  const known = toProbabilities(logits, output).slice(output === "softmax" ? 1 : 0);
  const { size, affine } = images[0].volume;
  const probabilities = known.map((data) => {
    return resampleToGrid({ ...stack, data }, { size, affine, interpolation: "trilinear" }).data;
  });
  const outputs = output === "softmax" ? [remainder(probabilities), ...probabilities] : probabilities;
  return { labels: labelMap(outputs, { regions, output }), probabilities, size, affine };
}

/**
 * Classifies one subject by the middle of its volume, as validation in training does.
 *
 * @param images as for {@linkcode segmentSubject}
 * @returns the probability of every class, averaged over the mirror images that the options ask for
 */
export async function classifySubject(
  images: readonly SubjectImage[],
  { task, forward, ...options }: SubjectOptions & { task: ClassificationTask; forward: (x: Tensor5D) => Tensor },
): Promise<number[]> {
  const stack = prepareChannels(images, { ...options, task });
  const { windowSize: cropSize, mirrors = [NO_MIRROR], onProgress } = options.windows;
  const { voxels } = centreSample(stack, { subject: "", cropSize, templateSize: cropSize });
  const [width, height, depth] = cropSize;
  const sums = task.classes.map(() => 0);
  for (const [i, [x, y, z]] of mirrors.entries()) {
    // Axes of the tensor are turned round: depth is z.
    const axes = [z, y, x].flatMap((isMirrored, axis) => isMirrored ? [axis + 1] : []);
    const probabilities = await takeValues(tf.tidy(() => {
      const volume = tf.transpose(tf.tensor(voxels, [1, stack.channels.length, depth, height, width]), [0, 2, 3, 4, 1]);
      return tf.softmax(forward(tf.reverse(volume, axes) as Tensor5D));
    }));
    probabilities.forEach((probability, k) => sums[k] += probability / mirrors.length);
    onProgress?.({ done: i + 1, total: mirrors.length });
  }
  return sums;
}

/** The prepared stack with one channel per modality of the task, in its order; missing ones are filled. */
export function prepareChannels(
  images: readonly SubjectImage[],
  { task, prepare, fill }: Pick<SubjectOptions, "prepare" | "fill"> & { task: Task },
): PreparedSubject {
  const { modalities } = task;
  const used = modalities.flatMap((modality) => images.filter((image) => image.modality === modality));
  const stack = prepare(used);
  const channels = modalities.map((modality) => {
    const channel = stack.channels[used.findIndex((image) => image.modality === modality)];
    return channel ?? fillChannel(modality, { stack, fill });
  });
  return { ...stack, modalities, channels };
}

function fillChannel(
  modality: string,
  { stack, fill }: { stack: PreparedSubject; fill: Fill | undefined },
): Float32Array {
  if (fill?.kind === "zero") return new Float32Array(stack.channels[0].length);
  const template = fill?.templates.find((each) => each.modality === modality);
  if (template === undefined) {
    const got = stack.modalities.join(", ");
    throw new DatalistError(`Cannot predict subject: expected ${modality} or a template of it, got ${got}`);
  }
  return cutTemplate(template, stack);
}

/**
 * The part of a template under a stack; 0 where it does not reach. Centres are laid on each other, as in training.
 *
 * @see DESIGN §2.2
 */
export function cutTemplate(
  { data, size: [width, height, depth] }: TemplateVolume,
  { size, volumeSize, volumeStart }: Pick<PreparedSubject, "size" | "volumeSize" | "volumeStart">,
): Float32Array {
  const [x0, y0, z0] = [width, height, depth].map((length, axis) => {
    return volumeStart[axis] + Math.floor((length - volumeSize[axis]) / 2);
  });
  const [low, high] = [Math.max(0, -x0), Math.min(size[0], width - x0)];
  const cut = new Float32Array(size[0] * size[1] * size[2]);
  if (low >= high) return cut;
  for (let z = Math.max(0, -z0); z < Math.min(size[2], depth - z0); z++) {
    for (let y = Math.max(0, -y0); y < Math.min(size[1], height - y0); y++) {
      const from = ((z0 + z) * height + y0 + y) * width + x0;
      cut.set(data.subarray(from + low, from + high), (z * size[1] + y) * size[0] + low);
    }
  }
  return cut;
}

/** What is left of 1: the probability of background. */
function remainder(probabilities: readonly Float32Array[]): Float32Array {
  return probabilities[0].map((_, i) => probabilities.reduce((rest, values) => rest - values[i], 1));
}
