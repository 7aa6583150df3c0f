/** Volumes for the viewers: files of the site, and the phantom; loaded when a viewer needs it. */
import { generatePhantomSubject, readNifti, writeNifti } from "../../lib/dataset/mod.ts";
import type { Affine, Volume } from "../../lib/geometry.ts";
import type { DemoPhantom } from "../data/demo_model.ts";
import { siteUrl } from "../urls.ts";

/** Reads a NIfTI file of the site, values scaled to [0, 1] where they are whole numbers up to 255. */
export async function loadVolume(path: string): Promise<Volume> {
  const response = await fetch(siteUrl(path));
  if (!response.ok) throw new Error(`Cannot load ${path}: expected a file of this site, got status ${response.status}`);
  const volume = await readNifti(new Uint8Array(await response.arrayBuffer()), path);
  const isByte = volume.data.some((value) => value > 1);
  return isByte ? { ...volume, data: volume.data.map((value) => value / 255) } : volume;
}

/** One image of the phantom, bright at the 98th percentile of the head. */
export function phantomVolume({ id: _, heldOut: __, ...phantom }: DemoPhantom, modality: string): Volume {
  const { images: [{ volume }] } = generatePhantomSubject({ ...phantom, modalities: [modality] });
  const head = volume.data.filter((value) => value > 0).sort();
  const white = head[Math.floor(0.98 * head.length)];
  return { ...volume, data: volume.data.map((value) => Math.min(1, value / white)) };
}

/** Values as the bytes of a NIfTI file with a voxel size, for viewers that take files. */
export async function niftiOf(volume: Volume): Promise<ArrayBuffer> {
  return (await writeNifti(volume)).slice().buffer;
}

/** The grid of a volume without a place in the world: centred, RAS+. */
export function centredAffine(size: Volume["size"], spacingMm: Volume["size"]): Affine {
  const [x, y, z] = spacingMm.map((mm, axis) => -mm * (size[axis] - 1) / 2);
  return [[spacingMm[0], 0, 0, x], [0, spacingMm[1], 0, y], [0, 0, spacingMm[2], z], [0, 0, 0, 1]];
}
