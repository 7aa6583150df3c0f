/** A prepared subject as the files of a Zarr group. */
import type { Affine, Triple, VolumeStack } from "../../geometry.ts";
import {
  arrayMetadata,
  CHUNK_EDGE,
  type ChunkPlace,
  type Compress,
  encodeShard,
  groupMetadata,
  SHARD_KEY,
  type ShardedArray,
} from "./_shard.ts";
import { type Scale, scaleOf, type StorageType, storedArray, storeRow } from "./storage.ts";

/** What a subject's group says about it. */
export interface SubjectAttributes {
  readonly id: string;
  /** One per channel of the image. */
  readonly modalities: readonly string[];
  /** Voxel → world mm, RAS+. */
  readonly affine: Affine;
  /** Voxels (x, y, z) of the volume that the box was cut from. */
  readonly volumeSize: Triple;
  /** Where the box's first voxel lies in that volume. */
  readonly volumeStart: Triple;
  /** Per channel. */
  readonly scales: readonly Scale[];
  /** SHA-256 of the group's other files, by name. */
  readonly sha256: Readonly<Record<string, string>>;
  /** The scans it was made from, as they were listed. */
  readonly sources: readonly SourceFile[];
}

/** A file that a subject was made from. */
export interface SourceFile {
  readonly file: string;
  readonly sha256: string;
}

/** A subject after preprocessing, with its label where there is one. */
export type PreparedStack = VolumeStack & {
  readonly label?: Uint8Array | null;
  /** Default: the stack is the volume. */
  readonly volumeSize?: Triple;
  readonly volumeStart?: Triple;
};

/** A file of a group. */
export interface GroupFile {
  /** From the group's folder, separated by `/`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Hashes are computed where the files are written. */
export type PendingAttributes = Omit<SubjectAttributes, "sha256">;

/**
 * Encodes a subject: `image` and, with a label, `label`, both by (channel, z, y, x) in one shard of 32³ chunks each.
 *
 * The same stack gives the same bytes.
 */
export function encodeSubject(
  stack: PreparedStack,
  { id, sources, storage, compress }: {
    id: string;
    sources: readonly SourceFile[];
    storage: StorageType;
    compress: Compress;
  },
): { attributes: PendingAttributes; files: GroupFile[] } {
  const { modalities, channels, affine, label, size } = stack;
  const scales = channels.map((values) => scaleOf(values, storage));
  const image = volumeArray(channels, { size, storage, scales });
  const arrays: [string, ShardedArray][] = [["image", image]];
  if (label) arrays.push(["label", labelArray(label, size)]);
  const files = arrays.flatMap(([name, array]) => [
    { name: `${name}/zarr.json`, bytes: new TextEncoder().encode(arrayMetadata(array)) },
    { name: `${name}/${SHARD_KEY}`, bytes: encodeShard(array, compress) },
  ]);
  const { volumeSize = size, volumeStart = [0, 0, 0] } = stack;
  return { attributes: { id, modalities, affine, volumeSize, volumeStart, scales, sources }, files };
}

/** The group's own `zarr.json`, which is written last of all. */
export function subjectMetadata(attributes: SubjectAttributes): string {
  return groupMetadata({ ...attributes });
}

function volumeArray(
  channels: readonly Float32Array[],
  { size, storage, scales }: { size: Triple; storage: StorageType; scales: readonly Scale[] },
): ShardedArray {
  return {
    type: storage,
    shape: [channels.length, size[2], size[1], size[0]],
    fill: (place) => {
      const voxels = storedArray(storage, CHUNK_EDGE ** 3);
      const scale = scales[place[0]];
      eachRow(place, size, (row) => storeRow(channels[place[0]], voxels, { ...row, ...scale }));
      return isZero(voxels) ? null : voxels;
    },
  };
}

function labelArray(label: Uint8Array, size: Triple): ShardedArray {
  return {
    type: "uint8",
    shape: [1, size[2], size[1], size[0]],
    fill: (place) => {
      const voxels = new Uint8Array(CHUNK_EDGE ** 3);
      eachRow(place, size, ({ from, to, length }) => voxels.set(label.subarray(from, from + length), to));
      return isZero(voxels) ? null : voxels;
    },
  };
}

/** The rows of a chunk that lie in the volume. */
function eachRow(
  [, chunkZ, chunkY, chunkX]: ChunkPlace,
  [nx, ny, nz]: Triple,
  use: (row: { from: number; to: number; length: number }) => void,
): void {
  const [x, y, z] = [chunkX * CHUNK_EDGE, chunkY * CHUNK_EDGE, chunkZ * CHUNK_EDGE];
  const length = Math.min(CHUNK_EDGE, nx - x);
  for (let k = 0; k < CHUNK_EDGE && z + k < nz; k++) {
    for (let j = 0; j < CHUNK_EDGE && y + j < ny; j++) {
      use({ from: x + nx * (y + j + ny * (z + k)), to: CHUNK_EDGE * (j + CHUNK_EDGE * k), length });
    }
  }
}

/** Bytes, not values: −0 is not what a chunk that is left out reads as. */
function isZero(voxels: ArrayBufferView<ArrayBufferLike>): boolean {
  const words = new Float64Array(voxels.buffer, voxels.byteOffset, voxels.byteLength / 8);
  for (let i = 0; i < words.length; i++) if (!Object.is(words[i], 0)) return false;
  return true;
}
