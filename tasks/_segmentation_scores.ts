/** Predicted label maps against references: the scores of every case and region. */
import { readNifti } from "../lib/dataset/mod.ts";
import { messageOf } from "../lib/errors.ts";
import { spacingOf, type Triple } from "../lib/geometry.ts";
import { createProgress, readFile } from "../lib/host/mod.ts";
import {
  type LabelOptions,
  type Neighbourhood,
  regionMask,
  type SegmentationScores,
  segmentationScores,
  takeLabels,
} from "../lib/metrics/mod.ts";
import type { EvaluatedSegmentation } from "./_predictions.ts";
import type { LabelledCase } from "./_reference_labels.ts";
import type { ScoreColumn, ScoreRow } from "./_score_rows.ts";

/** What is measured, and how references are read. */
export interface SegmentationSettings {
  readonly tolerancesMm: readonly number[];
  readonly neighbourhood: Neighbourhood;
  /** Label set of all references; without it, each file follows the first one that has all of its values. */
  readonly labelSet?: string;
}

/** A score and where it comes from. */
interface Column extends ScoreColumn {
  readonly read: (scores: SegmentationScores) => number;
}

/** The columns of the scores, in the order in which they are written. */
export function segmentationColumns({ tolerancesMm, neighbourhood }: SegmentationSettings): Column[] {
  const lesion = `lesions are components of the ${neighbourhood}-neighbourhood`;
  return [
    {
      name: "dice_official",
      title: "Dice (official)",
      convention: "an empty reference counts 1 if the prediction is empty too, else 0",
      headline: true,
      read: (scores) => scores.officialDice,
    },
    {
      name: "dice",
      title: "Dice (MONAI)",
      convention: "cases with an empty reference are left out",
      headline: true,
      read: (scores) => scores.dice,
    },
    { name: "sensitivity", title: "Sensitivity", read: (scores) => scores.sensitivity },
    { name: "precision", title: "Precision", read: (scores) => scores.precision },
    {
      name: "specificity",
      title: "Specificity",
      convention: "over the whole field of view",
      read: (scores) => scores.specificity,
    },
    { name: "reference_ml", title: "Reference volume", unit: "ml", read: (scores) => scores.referenceMl },
    { name: "prediction_ml", title: "Predicted volume", unit: "ml", read: (scores) => scores.predictionMl },
    {
      name: "volume_error_ml",
      title: "Volume error",
      unit: "ml",
      convention: "prediction minus reference",
      read: (scores) => scores.volumeError.ml,
    },
    {
      name: "volume_error_percent",
      title: "Relative volume error",
      unit: "%",
      convention: "of the reference volume",
      read: (scores) => scores.volumeError.percent,
    },
    { name: "hausdorff_mm", title: "Hausdorff distance", unit: "mm", read: (scores) => scores.hausdorffMm },
    {
      name: "hd95_mm",
      title: "HD95",
      unit: "mm",
      convention: "MONAI: 95th percentile each way, the larger of the two",
      headline: true,
      read: (scores) => scores.hd95Mm,
    },
    {
      name: "average_surface_distance_mm",
      title: "Average surface distance",
      unit: "mm",
      convention: "over the surface voxels of both masks",
      read: (scores) => scores.averageSurfaceDistanceMm,
    },
    ...tolerancesMm.map((tolerance, i): Column => ({
      name: `surface_dice_${tolerance}mm`,
      title: `Surface Dice at ${tolerance} mm`,
      headline: i === 0,
      read: (scores) => scores.surfaceDice[i],
    })),
    {
      name: "lesion_dice",
      title: "Lesion-wise Dice",
      convention: lesion,
      read: (scores) => scores.lesions.dice,
    },
    { name: "lesion_f1", title: "Lesion F1", convention: lesion, headline: true, read: (scores) => scores.lesions.f1 },
    { name: "lesions_reference", title: "Lesions", read: (scores) => scores.lesions.reference },
    { name: "lesions_found", title: "Lesions found", read: (scores) => scores.lesions.found },
    { name: "lesions_invented", title: "Lesions invented", read: (scores) => scores.lesions.falsePositives },
  ];
}

/**
 * Measures all cases.
 *
 * @throws {Error} with one line per file that holds a value which is no label of the task
 */
export async function scoreSegmentations(
  cases: readonly LabelledCase[],
  task: EvaluatedSegmentation,
  settings: SegmentationSettings,
): Promise<ScoreRow[]> {
  const rows: ScoreRow[] = [];
  const problems: string[] = [];
  using progress = createProgress({ total: cases.length, label: "evaluate" });
  for (const [i, item] of cases.entries()) {
    try {
      rows.push(...await scoreCase(item, task, settings));
    } catch (error) {
      problems.push(messageOf(error));
    }
    progress.update(i + 1);
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return rows;
}

async function scoreCase(
  { subject, prediction, reference }: LabelledCase,
  task: EvaluatedSegmentation,
  settings: SegmentationSettings,
): Promise<ScoreRow[]> {
  const allowed = [...task.regions.flatMap(({ labels }) => labels), ...task.otherLabels];
  const own = { name: task.labelSetName, rename: {} };
  const sets = [own, ...task.labelSets].filter(({ name }) => [undefined, name].includes(settings.labelSet));
  const predicted = await readLabels(prediction, { allowed, sets: [own] });
  const expected = await readLabels(reference, { allowed, sets });
  const columns = segmentationColumns(settings);
  return task.regions.map(({ name, labels }) => {
    const [mask, truth] = [predicted, expected].map((map) => regionMask(map.labels, labels));
    const scores = segmentationScores(mask, truth, {
      size: expected.size,
      spacingMm: expected.spacingMm,
      tolerancesMm: settings.tolerancesMm,
      neighbourhood: settings.neighbourhood,
    });
    return {
      subject,
      region: name,
      notes: { empty: scores.empty, label_set: expected.labelSet },
      scores: Object.fromEntries(columns.map((column) => [column.name, column.read(scores)])),
    };
  });
}

interface LabelMap {
  /** Name of the label set that the file follows. */
  readonly labelSet: string;
  readonly labels: Uint8Array;
  readonly size: Triple;
  readonly spacingMm: Triple;
}

/** Which values a file may have, and the label sets that it may follow, the likeliest first. */
interface ReadOptions {
  readonly allowed: readonly number[];
  readonly sets: readonly { readonly name: string; readonly rename: LabelOptions["rename"] }[];
}

async function readLabels(file: string, { allowed, sets }: ReadOptions): Promise<LabelMap> {
  const { data, size, affine } = await readNifti(await readFile(file), file);
  const problems: string[] = [];
  for (const { name, rename } of sets) {
    try {
      return { labels: takeLabels(data, { allowed, rename }), size, spacingMm: spacingOf(affine), labelSet: name };
    } catch (error) {
      // "Cannot read labels: expected …": the file says more.
      problems.push(`${messageOf(error).replace(/^[^:]*: /, "")}${sets.length > 1 ? ` (${name})` : ""}`);
    }
  }
  throw new Error(`Cannot read ${file}: ${problems.join("; ")}`);
}
