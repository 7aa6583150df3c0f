/** Three sound subjects and a broken one of 5×4×3 voxels, as files and as a plan. */
import { DEFAULT_PREPROCESS, type SamplePlan, type Subject } from "../../lib/dataset/mod.ts";
import { tinyNifti } from "./_tiny_nifti.ts";

const IDS = ["s0", "s1", "s2", "broken"];

/** Paths of the cohort's files, relative to its root. */
export const TINY_FILES: readonly string[] = IDS.flatMap((id) => [`${id}_t1.nii`, `${id}_t2.nii`]);

/** Bytes of one of the cohort's files under any root; those of `broken` are no NIfTI. */
export function readTinyScan(path: string): Promise<Uint8Array> {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const key = TINY_FILES.indexOf(name);
  if (name.startsWith("broken")) return Promise.resolve(new Uint8Array(400).fill(7));
  return Promise.resolve(tinyNifti([5, 4, 3], { voxel: (i) => 1 + ((i * (key + 3)) % 61) }));
}

/** A plan over the cohort: random 2×3×2 crops, all channels in the order of the list. */
export function planOf(root: string, changes: Partial<SamplePlan> = {}): SamplePlan {
  const subjects = IDS.map((id): Subject => ({
    id,
    images: [{ modality: "t1", file: `${id}_t1.nii` }, { modality: "t2", file: `${id}_t2.nii` }],
  }));
  return {
    root,
    subjects,
    preprocess: DEFAULT_PREPROCESS,
    seed: 17,
    crop: "random",
    cropSize: [2, 3, 2],
    templateSize: [6, 6, 6],
    sequences: "all",
    shuffleOrder: false,
    ...changes,
  };
}
