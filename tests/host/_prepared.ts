/** Small scans on disk and what a folder of prepared subjects holds. */
import { makePlan, type PreparePlan, type Subject } from "../../lib/dataset/mod.ts";
import { listNames, writeFileAtomic } from "../../lib/host/mod.ts";
import { tinyNifti } from "../dataset/_tiny_nifti.ts";

/** A plan of subjects with one scan each. */
export function tinyPlan(ids: readonly string[], storage: "float16" | "float32" = "float32"): PreparePlan {
  const training = ids.map((id): Subject => ({ id, images: [{ modality: "t1", file: `${id}_t1.nii` }] }));
  const preprocess = { spacingMm: null, lowerPercentile: 5, upperPercentile: 95 };
  return makePlan({ training, validation: [] }, { purpose: "pretrain", preprocess, storage });
}

/** Writes a scan of 40×20×10 voxels for every subject; those whose name begins with `bad` are no NIfTI. */
export async function writeTinyScans(root: string, ids: readonly string[]): Promise<void> {
  for (const [salt, id] of ids.entries()) {
    const scan = tinyNifti([40, 20, 10], { voxel: (i) => 1 + i * (salt + 3) % 97 });
    await writeFileAtomic(`${root}/${id}_t1.nii`, id.startsWith("bad") ? new Uint8Array(400).fill(7) : scan);
  }
}

/** Runs a task with a folder that is removed afterwards. */
export async function withFolder(task: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await task(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** All files under a folder, hidden ones too, with their bytes. */
export async function contentOf(folder: string): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  const walk = async (path: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(folder + path)) {
      if (isDirectory) await walk(`${path}/${name}`);
      else content.set(`${path}/${name}`, (await Deno.readFile(`${folder}${path}/${name}`)).toHex());
    }
  };
  await walk("");
  return new Map([...content].sort(([a], [b]) => a < b ? -1 : 1));
}

/** Names of the subjects that are there. */
export function subjectsIn(folder: string): Promise<string[]> {
  return listNames(`${folder}/subjects`, /^(?!zarr\.json$)/);
}
