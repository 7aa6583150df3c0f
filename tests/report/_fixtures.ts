/** Tiny runs for the tests of the report. */
import type {
  EventRecord,
  PairScore,
  ReconstructionExample,
  RunReport,
  StepRecord,
  ValidationRecord,
} from "../../lib/results.ts";

/** A grid whose voxels count from 0, x fastest. */
export function countingImage(size: [number, number, number]): {
  size: [number, number, number];
  data: Float32Array;
} {
  return { size, data: Float32Array.from({ length: size[0] * size[1] * size[2] }, (_, i) => i) };
}

/** An update whose losses are all `value`, contrastive learning off. */
export function stepRecord(step: number, value: number, changes: Partial<StepRecord> = {}): StepRecord {
  const losses = { loss: value, cmr: value, md: value, cl: null };
  return { kind: "step", epoch: 1, step, learningRate: 3e-4, gradientNorm: 1, ...losses, ...changes };
}

/** A validation of the given pairs. */
export function validationRecord(step: number, pairs: readonly PairScore[]): ValidationRecord {
  return { kind: "validation", epoch: 2, step, pairs, templateChange: { t1: 1 / step, t2: 2 / step } };
}

/** An event. */
export function eventRecord(step: number, message: string): EventRecord {
  return { kind: "event", epoch: 3, step, message };
}

/** One pair that the network wins, one that the mean volume wins, and one from the template that the mosaic wins. */
export const PAIRS: readonly PairScore[] = [
  { target: "t2", source: "t1", psnr: 20, mosaicPsnr: 12, meanVolumePsnr: 21.5, subjects: 3 },
  { target: "t1", source: "t2", psnr: 24.25, mosaicPsnr: 13, meanVolumePsnr: 22, subjects: 12 },
  { target: "t1", source: "template", psnr: 18, mosaicPsnr: 19, meanVolumePsnr: 17, subjects: 12 },
];

/** A crop of 3 × 2 × 2 voxels whose truth rises by 1/16 a voxel, but ends in a 1: the last slices vary most. */
export function example(changes: Partial<ReconstructionExample> = {}): ReconstructionExample {
  const grey = (value: number): Float32Array => new Float32Array(12).fill(value);
  const truth = Float32Array.from({ length: 12 }, (_, i) => (i < 11 ? i / 16 : 1));
  return {
    subject: "s1",
    target: "t1",
    source: "t2",
    size: [3, 2, 2],
    mosaic: grey(0.2),
    reconstruction: grey(0.4),
    truth,
    ...changes,
  };
}

/** A run that has only a title, unless told otherwise. */
export function report(changes: Partial<RunReport> = {}): RunReport {
  return { title: "Run", config: {}, environment: {}, data: {}, records: [], templates: [], examples: [], ...changes };
}
