/** A labelled sample whose voxels can be told apart. */
import type { LabelledSample } from "../../lib/dataset/mod.ts";

/** 2×2×2 voxels of two channels, 0…7 and 10…17, label 0…7; the first x is padding. */
export function countedSample(changes: Partial<LabelledSample> = {}): LabelledSample {
  return {
    subject: "a",
    modalities: ["t1", "t2"],
    voxels: Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17]),
    label: Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]),
    classIndex: null,
    cropSize: [2, 2, 2],
    inside: { start: [1, 0, 0], end: [2, 2, 2] },
    templateStart: [0, 0, 0],
    ...changes,
  };
}
