/** Segmentation as fine-tuning sees it: loss and gradients of a batch, Dice of held-out subjects. */
import { augmentSample } from "../dataset/mod.ts";
import type { AugmentOptions, LabelledSample, TemplateVolume } from "../dataset/mod.ts";
import type { Triple } from "../geometry.ts";
import { slidingWindow } from "../inference/mod.ts";
import { exclusiveSegmentationLoss, segmentationLoss } from "../losses/mod.ts";
import { dice } from "../metrics/mod.ts";
import type { VoxelCounts } from "../metrics/mod.ts";
import type { Parameter, SegmentationModel, SegmentationOutput } from "../model/mod.ts";
import type { RegionDice } from "../results.ts";
import { takeValues, tf } from "../tensor/mod.ts";
import type { Scalar, Tensor, Tensor5D } from "../tensor/mod.ts";
import { stackVoxels } from "./_labelled_batch.ts";
import { channelCount, compareRegions, encodeTarget } from "./_region_targets.ts";
import type { SegmentationTarget } from "./_region_targets.ts";
import type { BatchOutcome, FinetunePlace, Objective, ObjectiveScore } from "./finetune.ts";
import { scaleLoss } from "./loss_scale.ts";

export type { SegmentationTarget } from "./_region_targets.ts";

/** How a segmentation is learned and validated. */
export interface SegmentationOptions {
  readonly cropSize: Triple;
  readonly augment: AugmentOptions;
  /** Share of soft Dice in the loss; the rest is cross-entropy. */
  readonly diceShare: number;
  /** Whether the outputs of a quarter and of half of the resolution take part in the loss. */
  readonly deepSupervision: boolean;
  /** Weight of the distance between two differently substituted copies; 0 = one copy. */
  readonly consistencyWeight: number;
  /** What is compared: the deepest features, as in the paper, or the logits of a quarter of the resolution, as officially. */
  readonly consistencyOn: "features" | "logits";
  /** `centre`: the middle of each held-out subject; `sliding`: all of it, in overlapping windows. */
  readonly validation: "centre" | "sliding";
  /** Share of a window that the next one covers again. */
  readonly overlap: number;
  readonly recomputeBlocks: boolean;
}

/** What a segmentation works with. */
export interface SegmentationParts {
  readonly model: SegmentationModel;
  readonly target: SegmentationTarget;
  /** For substitution; of every modality of the task, or none when no channel is replaced. */
  readonly templates: readonly TemplateVolume[];
}

/**
 * The objective of a segmentation task.
 *
 * L = Σ over outputs of the segmentation loss, over all copies, + λ·MSE(copy 1, copy 2).
 *
 * @see BrainMVP, arXiv 2410.10604, downstream tasks; official fine-tuning with `--use_cl`
 */
export class SegmentationObjective implements Objective {
  readonly parameters: readonly Parameter[];
  readonly trained: readonly Parameter[];
  readonly #parts: SegmentationParts;
  readonly #options: SegmentationOptions;

  /** An objective on a model that has as many classes as the task has output channels. */
  constructor(parts: SegmentationParts, options: SegmentationOptions) {
    this.#parts = parts;
    this.#options = options;
    this.parameters = parts.model.parameters;
    this.trained = this.parameters.filter(({ trainable }) => trainable);
  }

  /** Loss and gradients of a batch; the caller frees the gradients. */
  async gradients(
    samples: readonly LabelledSample[],
    place: FinetunePlace,
    { lossScale = 1 }: { readonly lossScale?: number } = {},
  ): Promise<BatchOutcome> {
    const { model, target } = this.#parts;
    const { consistencyWeight, recomputeBlocks } = this.#options;
    const crops = this.#augment(samples, place);
    const x = stackVoxels(crops);
    const truth = stackTargets(crops, target);
    const parts: Scalar[] = [];
    const { value, grads } = tf.variableGrads(() => {
      const output = model.forwardWithFeatures(x, { training: true, recomputeBlocks });
      const loss = this.#loss(output.logits, truth);
      if (consistencyWeight === 0) return scaleLoss(loss, lossScale);
      const distance = this.#distance(output);
      parts.push(tf.keep(tf.clone(distance)));
      return scaleLoss(tf.add(loss, tf.mul(distance, consistencyWeight)) as Scalar, lossScale);
    }, this.trained.map(({ variable }) => variable));
    const [scaled, consistency] = await takeValues(tf.tidy(() => tf.stack([value, ...parts])));
    tf.dispose([value, ...parts, x, truth]);
    return {
      loss: scaled / lossScale,
      consistency: consistency ?? null,
      gradients: namedGradients(this.trained, grads),
    };
  }

  /** Dice of held-out subjects, in evaluation mode. */
  async validate(samples: AsyncIterable<LabelledSample>): Promise<ObjectiveScore> {
    const { target: { regions } } = this.#parts;
    const dices: number[][] = regions.map(() => []);
    const present = regions.map(() => 0);
    let subjects = 0;
    for await (const sample of samples) {
      subjects++;
      (await this.#compare(sample)).forEach((counts, r) => {
        dices[r].push(dice(counts, "official"));
        if (counts.truePositives + counts.falseNegatives > 0) present[r]++;
      });
    }
    const scores = regions.map(({ name }, r): RegionDice => ({
      region: name,
      dice: mean(dices[r]),
      present: present[r],
    }));
    const average = mean(scores.map((score) => score.dice));
    return { record: { kind: "segmentation", regions: scores, dice: average, subjects }, score: [average] };
  }

  #augment(samples: readonly LabelledSample[], { seed, epoch, subjects }: FinetunePlace): LabelledSample[] {
    const copies = this.#options.consistencyWeight > 0 ? [0, 1] : [0];
    return copies.flatMap((copy) =>
      samples.map((sample, i) => {
        const place = { seed, epoch, subject: subjects[i] };
        return augmentSample(sample, { ...this.#options.augment, templates: this.#parts.templates, place, copy });
      })
    );
  }

  #loss(logits: readonly Tensor5D[], truth: Tensor): Scalar {
    const { diceShare, deepSupervision } = this.#options;
    const outputs = deepSupervision ? logits : logits.slice(-1);
    const loss = this.#parts.target.output === "softmax" ? exclusiveSegmentationLoss : segmentationLoss;
    return loss(outputs, truth, { diceShare });
  }

  /** Mean squared difference of the first and the second half of the batch. */
  #distance({ features, logits }: SegmentationOutput): Scalar {
    const compared: Tensor = this.#options.consistencyOn === "features" ? features[3] : logits[0];
    const [first, second] = tf.split(compared, 2, 0);
    return tf.mean(tf.squaredDifference(first, second)) as Scalar;
  }

  async #compare(sample: LabelledSample): Promise<VoxelCounts[]> {
    const { model, target } = this.#parts;
    const { validation, cropSize, overlap } = this.#options;
    const [width, height, depth] = sample.cropSize;
    const length = width * height * depth;
    const channels = sample.modalities.map((_, c) => sample.voxels.subarray(c * length, (c + 1) * length));
    const logits = await slidingWindow(channels, sample.cropSize, {
      windowSize: validation === "centre" ? sample.cropSize : cropSize,
      overlap,
      predict: (windows) => model.forward(windows, { training: false })[0],
    });
    return compareRegions(logits, { label: labelOf(sample), target, counts: insideTest(sample) });
  }
}

/** Label values of the samples → `[B, D, H, W, channels]`. */
function stackTargets(samples: readonly LabelledSample[], target: SegmentationTarget): Tensor {
  const [width, height, depth] = samples[0].cropSize;
  const channels = channelCount(target);
  const length = width * height * depth * channels;
  const values = new Float32Array(samples.length * length);
  samples.forEach((sample, i) => values.set(encodeTarget(labelOf(sample), target), i * length));
  return tf.tensor(values, [samples.length, depth, height, width, channels]);
}

function labelOf({ subject, label }: LabelledSample): Uint8Array {
  if (label === null) throw new RangeError(`Cannot learn segmentation: expected a label of ${subject}, got none`);
  return label;
}

/** True for voxels that are no padding. */
function insideTest({ cropSize: [width, height], inside: { start, end } }: LabelledSample): (index: number) => boolean {
  return (index) => {
    const x = index % width, y = Math.floor(index / width) % height, z = Math.floor(index / (width * height));
    return x >= start[0] && y >= start[1] && z >= start[2] && x < end[0] && y < end[1] && z < end[2];
  };
}

/** Gradients by parameter name, where there are any. */
export function namedGradients(
  parameters: readonly Parameter[],
  gradients: Readonly<Record<string, Tensor>>,
): Map<string, Tensor> {
  return new Map(parameters.flatMap(({ name, variable }): [string, Tensor][] => {
    const gradient = gradients[variable.name];
    return gradient ? [[name, gradient]] : [];
  }));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
