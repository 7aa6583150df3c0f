/** Reconstruction of held-out subjects: every modality from every other one, and from its template. */
import { drawBlockMask } from "../masking/mod.ts";
import { maskedSquaredError, psnr } from "../metrics/mod.ts";
import type { ErrorSum } from "../metrics/mod.ts";
import type { PretrainModel } from "../model/mod.ts";
import { randomStream } from "../random.ts";
import type { PairScore, ReconstructionExample } from "../results.ts";
import type { Templates } from "../templates/mod.ts";
import { takeValues, tf } from "../tensor/mod.ts";
import type { Tensor5D } from "../tensor/mod.ts";
import type { MeanVolume } from "./mean_volume.ts";
import type { MaskOptions, ViewSample } from "./views.ts";

/** A held-out subject: the centre crop with all its sequences. */
export interface HeldOutSample extends ViewSample {
  readonly subject: string;
}

/** What a validation works with. */
export interface ValidationParts {
  readonly model: PretrainModel;
  /** Null where none are trained: there are no template pairs then. */
  readonly templates: Templates | null;
  readonly meanVolume: MeanVolume;
}

/** Masks are drawn from the seed alone, so every validation of a run sees the same ones. */
export type ValidationOptions = MaskOptions & { readonly seed: number };

/** One mosaic of a held-out subject and what it should become. */
interface Case {
  readonly subject: string;
  readonly target: string;
  readonly source: string;
  readonly mosaic: Float32Array;
  readonly truth: Float32Array;
  readonly mask: Float32Array;
  readonly mean: Float32Array;
}

/** Scores by pair, and pictures of one held-out subject per pair kind. */
export interface Validation {
  readonly pairs: PairScore[];
  readonly examples: ReconstructionExample[];
}

/** Pictures kept for the report. */
const EXAMPLES = 6;

/**
 * Scores reconstructions in evaluation mode; errors are pooled over the masked voxels of all subjects before the PSNR.
 *
 * The mosaic and the mean training volume are scored on the same voxels.
 */
export async function validate(
  samples: readonly HeldOutSample[],
  parts: ValidationParts,
  options: ValidationOptions,
): Promise<Validation> {
  const sums = new Map<string, { case: Case; errors: ErrorSum[]; subjects: number }>();
  const examples: ReconstructionExample[] = [];
  for (const [index, sample] of samples.entries()) {
    for (const [number, item] of (await casesOf(sample, { ...parts, ...options, index })).entries()) {
      const reconstruction = await rebuild(item.mosaic, { sample, model: parts.model });
      const images = [reconstruction, item.mosaic, item.mean];
      const errors = images.map((image) => maskedSquaredError(image, item.truth, item.mask));
      const key = `${item.target} ${item.source}`;
      const pooled = sums.get(key);
      sums.set(key, {
        case: item,
        errors: pooled ? errors.map((error, i) => pool(error, pooled.errors[i])) : errors,
        subjects: (pooled?.subjects ?? 0) + 1,
      });
      if (isExample(number, { sample, examples })) {
        const { subject, target, source, mosaic, truth } = item;
        examples.push({ subject, target, source, size: sample.cropSize, mosaic, reconstruction, truth });
      }
    }
  }
  const pairs = [...sums.values()].map(({ case: { target, source }, errors, subjects }) => {
    const [own, mosaic, mean] = errors.map(psnr);
    return { target, source, psnr: own, mosaicPsnr: mosaic, meanVolumePsnr: mean, subjects };
  });
  return { pairs: pairs.sort(byPair), examples };
}

/** Of every subject, the first cross-modal pair and its template pair, until there are enough. */
function isExample(
  number: number,
  { sample, examples }: { sample: ViewSample; examples: readonly ReconstructionExample[] },
): boolean {
  return examples.length < EXAMPLES && (number === 0 || number === sample.modalities.length - 1);
}

/** All mosaics of a subject: per target, the other sequences in their order, then the template. */
async function casesOf(
  sample: HeldOutSample,
  { templates, meanVolume, seed, index, ...mask }: ValidationParts & ValidationOptions & { index: number },
): Promise<Case[]> {
  const { modalities, cropSize, voxels } = sample;
  const length = cropSize[0] * cropSize[1] * cropSize[2];
  const channel = (c: number): Float32Array => voxels.subarray(c * length, (c + 1) * length);
  const cases: Case[] = [];
  for (const [t, target] of modalities.entries()) {
    const random = randomStream(seed, "validation mask", index, t);
    const hidden = drawBlockMask({ ...mask, size: [cropSize[2], cropSize[1], cropSize[0]], random });
    const truth = channel(t);
    const mean = meanVolume.window(target, sample);
    const build = (source: string, fill: Float32Array): Case => {
      const mosaic = truth.map((value, i) => hidden[i] ? fill[i] : value);
      return { subject: sample.subject, target, source, mosaic, truth, mask: hidden, mean };
    };
    modalities.forEach((source, s) => s !== t && cases.push(build(source, channel(s))));
    if (templates === null) continue;
    const place = { modality: target, start: sample.templateStart };
    cases.push(build("template", await takeValues(tf.tidy(() => templates.windows([place], cropSize)))));
  }
  return cases;
}

function rebuild(
  mosaic: Float32Array,
  { sample, model }: { sample: ViewSample; model: PretrainModel },
): Promise<Float32Array> {
  const [width, height, depth] = sample.cropSize;
  return takeValues(tf.tidy(() => {
    const input = tf.tensor(mosaic, [1, depth, height, width, 1]) as Tensor5D;
    return model.forward(input, { training: false }).reconstruction;
  }));
}

function pool(a: ErrorSum, b: ErrorSum): ErrorSum {
  return { squares: a.squares + b.squares, count: a.count + b.count };
}

/** By target; template pairs after the cross-modal ones. */
function byPair(a: PairScore, b: PairScore): number {
  const rank = ({ target, source }: PairScore): string => `${target} ${source === "template" ? 1 : 0} ${source}`;
  return rank(a) < rank(b) ? -1 : 1;
}
