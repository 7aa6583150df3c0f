/** Scores of held-out cases: a case is read once, predicted as `deno task predict` does, and measured on its own grid. */
import { z } from "zod";
import {
  harmoniseLabels,
  labelFits,
  type LabelScheme,
  readNifti,
  resolveFile,
  type Subject,
  type SubjectImage,
} from "../lib/dataset/mod.ts";
import { DatalistError } from "../lib/errors.ts";
import { spacingOf } from "../lib/geometry.ts";
import { readFile } from "../lib/host/mod.ts";
import { countVoxels, dice, hausdorffDistance, mean, regionMask, surfaceDistances } from "../lib/metrics/mod.ts";
import type { Tensor5D } from "../lib/tensor/mod.ts";
import type { SegmentationTask } from "../recipes/tasks/mod.ts";
import type { Finetuned } from "./_finetuned.ts";
import { type Fill, segmentSubject } from "./_predict_subject.ts";

const regionScoresSchema = z.strictObject({
  /** Official convention: an empty reference counts 1 if the prediction is empty too, else 0. */
  dice: z.number().min(0).max(1),
  /** In mm; null where reference or prediction is empty; absent where it was not asked for. */
  hd95Mm: z.number().nonnegative().nullable().optional(),
});

/** Scores of a case as files have them. */
export const caseScoresSchema = z.strictObject({
  subject: z.string(),
  /** By name of the region. */
  regions: z.record(z.string(), regionScoresSchema),
});

/** See {@linkcode caseScoresSchema}. */
export type CaseScores = z.output<typeof caseScoresSchema>;

/** A held-out case in memory. */
export interface StudyCase {
  readonly subject: string;
  readonly images: readonly SubjectImage[];
  /** The task's own values on the grid of the images. */
  readonly label: Uint8Array;
}

/** How a case is predicted and measured. */
export interface ScoringOptions {
  /** Modalities that the network sees; the others are filled. */
  readonly modalities?: readonly string[];
  readonly fill?: Fill;
  /** Measure HD95, too: it takes long for large volumes. */
  readonly distances?: boolean;
}

/** Overlap of windows, as the official code has it. */
const OVERLAP = 0.5;

/**
 * Reads the scans and the reference of a case.
 *
 * @throws {DatalistError} when there is no reference, or it lies on another grid
 */
export async function readCase(
  { id, images, label }: Subject,
  { root, scheme }: { root: string; scheme: LabelScheme },
): Promise<StudyCase> {
  if (label === undefined) throw new DatalistError(`Cannot score ${id}: expected a label, got none`);
  const read: SubjectImage[] = [];
  for (const { modality, file } of images) {
    const path = resolveFile(root, file);
    read.push({ modality, file: path, volume: await readNifti(await readFile(path), path) });
  }
  const file = resolveFile(root, label);
  const volume = await readNifti(await readFile(file), file);
  if (!labelFits(volume, read[0].volume)) {
    throw new DatalistError(`Cannot use label ${file}: expected the grid of ${read[0].file}, got another`);
  }
  return { subject: id, images: read, label: harmoniseLabels(volume.data, { file, scheme }) };
}

/** Predicts a case with a fine-tuned network and measures every region. */
export async function scoreCase(
  { subject, images, label }: StudyCase,
  run: Finetuned & { readonly task: SegmentationTask },
  { modalities = run.task.modalities, fill, distances = false }: ScoringOptions = {},
): Promise<CaseScores> {
  const present = images.filter(({ modality }) => modalities.includes(modality));
  const { labels, size, affine } = await segmentSubject(present, {
    task: run.task,
    prepare: run.prepare,
    fill,
    windows: {
      windowSize: run.options.cropSize,
      overlap: OVERLAP,
      weighting: "constant",
      predict: (x) => run.forward(x) as Tensor5D,
    },
  });
  const predicted = Uint8Array.from(labels);
  const grid = { size, spacingMm: spacingOf(affine) };
  const regions = run.task.regions.map(({ name, labels: values }) => {
    const [mask, truth] = [predicted, label].map((map) => regionMask(map, values));
    const overlap = dice(countVoxels(mask, truth), "official");
    if (!distances) return [name, { dice: overlap }] as const;
    const hd95 = hausdorffDistance(surfaceDistances(mask, truth, grid), { percentile: 95 });
    return [name, { dice: overlap, hd95Mm: Number.isFinite(hd95) ? hd95 : null }] as const;
  });
  return { subject, regions: Object.fromEntries(regions) };
}

/** Dice of a region, or the mean over regions without a name. */
export function diceOf({ regions }: CaseScores, region?: string): number {
  return region === undefined ? mean(Object.values(regions).map((scores) => scores.dice)) : regions[region].dice;
}
