/** The records that a run writes and that reports, notebooks and the site read. Types only. */

/** One optimiser update; losses are means over the update's micro-steps. */
export interface StepRecord {
  readonly kind: "step";
  readonly epoch: number;
  /** Optimiser updates done, counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** Weighted total. */
  readonly loss: number;
  /** Cross-modal masked reconstruction, unweighted; null when no subject of the step had a second modality. */
  readonly cmr: number | null;
  /** Modal data distillation, unweighted; null while neither it nor contrastive learning takes part. */
  readonly md: number | null;
  /** Modality-aware contrastive learning, unweighted; null while it is off. */
  readonly cl: number | null;
  /** L2 norm of all gradients before clipping. */
  readonly gradientNorm: number;
}

/** How well one modality is rebuilt in masked blocks when the fill comes from one source. PSNR in dB, data range 1. */
export interface PairScore {
  /** Modality that is rebuilt. */
  readonly target: string;
  /** Modality that fills the masked blocks, or `"template"` for the learned template. */
  readonly source: string;
  /** PSNR of the reconstruction in masked blocks. */
  readonly psnr: number;
  /** PSNR of the mosaic itself (the network's input) in the same blocks. */
  readonly mosaicPsnr: number;
  /** PSNR of the mean of the training volumes of the target modality in the same blocks. */
  readonly meanVolumePsnr: number;
  /** Held-out subjects that have this pair. */
  readonly subjects: number;
}

/** Scores on held-out subjects. */
export interface ValidationRecord {
  readonly kind: "validation";
  readonly epoch: number;
  readonly step: number;
  readonly pairs: readonly PairScore[];
  /** Mean absolute change of each template since the last validation, over its own range; keyed by modality. */
  readonly templateChange: Readonly<Record<string, number>>;
}

/** Something that happened once and that a reader of the curves must know, e.g. the start of contrastive learning. */
export interface EventRecord {
  readonly kind: "event";
  readonly epoch: number;
  readonly step: number;
  readonly message: string;
}

/** One line of metrics.jsonl. Holds nothing that depends on the clock, so equal runs write equal files. */
export type MetricsRecord = StepRecord | ValidationRecord | EventRecord;

/** Input, reconstruction and truth of one held-out crop; voxels in [0, 1], x fastest. */
export interface ReconstructionExample {
  readonly subject: string;
  readonly target: string;
  /** Modality that fills the masked blocks, or `"template"`. */
  readonly source: string;
  /** Voxels along (x, y, z). */
  readonly size: readonly [number, number, number];
  readonly mosaic: Float32Array;
  readonly reconstruction: Float32Array;
  readonly truth: Float32Array;
}

/** One learned template, min–max normalised to [0, 1]; x fastest. */
export interface TemplateImage {
  readonly modality: string;
  readonly size: readonly [number, number, number];
  readonly data: Float32Array;
}

/** Everything the report of a pre-training run shows. */
export interface RunReport {
  readonly title: string;
  /** Resolved options, flattened: `"optimizer.learningRate" → "0.0003"`. */
  readonly config: Readonly<Record<string, string>>;
  /** Versions, backend, machine, duration. */
  readonly environment: Readonly<Record<string, string>>;
  /** Subjects, modalities, split sizes. */
  readonly data: Readonly<Record<string, string>>;
  readonly records: readonly MetricsRecord[];
  readonly templates: readonly TemplateImage[];
  readonly examples: readonly ReconstructionExample[];
}

/** One optimiser update of a fine-tuning run. */
export interface FinetuneStepRecord {
  readonly kind: "finetune";
  readonly epoch: number;
  /** Optimiser updates done, counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** What was minimised. */
  readonly loss: number;
  /** Unweighted distance of the two copies of a batch; null while there is one copy. */
  readonly consistency: number | null;
  /** L2 norm of all gradients before clipping. */
  readonly gradientNorm: number;
}

/** How well one region is found. */
export interface RegionDice {
  readonly region: string;
  /** Mean over held-out subjects, 0 to 1; of a subject without the region 1 if none is predicted, else 0. */
  readonly dice: number;
  /** Held-out subjects that have the region. */
  readonly present: number;
}

/** Segmentation of held-out subjects. */
export interface SegmentationRecord {
  readonly kind: "segmentation";
  readonly epoch: number;
  readonly step: number;
  readonly regions: readonly RegionDice[];
  /** Mean over regions. */
  readonly dice: number;
  readonly subjects: number;
  /** Whether this was the best validation so far. */
  readonly best: boolean;
}

/** Classification of held-out subjects. */
export interface ClassificationRecord {
  readonly kind: "classification";
  readonly epoch: number;
  readonly step: number;
  /** Cross-entropy, unweighted. */
  readonly loss: number;
  readonly accuracy: number;
  /** Mean over classes of the share found. */
  readonly balancedAccuracy: number;
  /** Area under the ROC curve; of more than two classes the mean of one against the rest; null where it is undefined. */
  readonly auc: number | null;
  readonly subjects: number;
  readonly best: boolean;
}

/** One line of a fine-tuning run's metrics.jsonl; holds nothing that depends on the clock. */
export type FinetuneRecord = FinetuneStepRecord | SegmentationRecord | ClassificationRecord | EventRecord;

/**
 * What a network is fine-tuned from, in the order of the paper's ablation: random weights, or pre-training with one loss
 * more each: cross-modal reconstruction (CMR), modal data distillation (MD), contrastive learning (CL).
 */
export type AblationVariant = "scratch" | "cmr" | "cmr+md" | "cmr+md+cl";

/** One score of an ablation's cell, over its held-out subjects. */
export interface AblationMetric {
  /** `Dice`, `HD95`, `accuracy`, `cross-entropy`, `AUC`. */
  readonly name: string;
  /** Region of a segmentation, or `mean` for every subject's mean over regions; null for a classification. */
  readonly region: string | null;
  /** Null for a share from 0 to 1. */
  readonly unit: string | null;
  readonly better: "higher" | "lower";
  /** Null where nothing is defined. */
  readonly mean: number | null;
  /** Ends of the 95 % bootstrap interval over subjects; null where there is none. */
  readonly low: number | null;
  readonly high: number | null;
  /**
   * One value per subject, in the order of the cell's subjects; null where it is undefined. Null as a whole when the score is
   * one of all subjects together, as AUC is.
   */
  readonly values: readonly (number | null)[] | null;
}

/** The pre-training of an ablation's cell. */
export interface AblationPretraining {
  /** Optimiser updates. */
  readonly updates: number;
  readonly trainingSubjects: number;
  /** Scores of its last validation. */
  readonly pairs: readonly PairScore[];
}

/** One cell of an ablation: one variant, fine-tuned on one task with one seed. The content of a file under results/ablation/. */
export interface AblationCell {
  readonly kind: "ablation";
  /** `quick`: built-in phantoms at low resolution; `full`: the paper's sizes. Cells of two scales are not compared. */
  readonly scale: string;
  readonly variant: AblationVariant;
  /** Name of the downstream task. */
  readonly task: string;
  /** Decides random weights, order, crops, masks and augmentation of pre-training and fine-tuning. */
  readonly seed: number;
  /** SHA-256 of all options and of the task, the seed left out: equal hashes, equal recipe. */
  readonly recipeHash: string;
  /** SHA-256 of the names and sizes of all files of both trainings: equal hashes, equal data. */
  readonly dataHash: string;
  /** SHA-256 of the task and of the options and data of fine-tuning alone: cells to be compared have the same. */
  readonly finetuneHash: string;
  /** Name and version of the code. */
  readonly version: string;
  /** What computed, by name: machine, backend, versions. */
  readonly machine: Readonly<Record<string, string>>;
  /** Day on which the cell was finished, as 2026-01-31. */
  readonly date: string;
  /** Held-out subjects of the task. */
  readonly subjects: readonly string[];
  /** Labelled subjects that fine-tuning learned from. */
  readonly trainingSubjects: number;
  /** Optimiser updates of fine-tuning. */
  readonly updates: number;
  readonly metrics: readonly AblationMetric[];
  /** Null for a start from random weights. */
  readonly pretraining: AblationPretraining | null;
}
