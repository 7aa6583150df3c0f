/** Zarr v3 arrays with one shard: the whole array is one file of compressed chunks with an index at its end. */
import type { StoredArray } from "./storage.ts";
import { crc32c } from "./_crc32c.ts";

/** Voxels of a chunk along z, y and x: a crop of 96³ touches 3 to 4 of them along each axis. */
export const CHUNK_EDGE = 32;

/** Compresses the bytes of a chunk. */
export type Compress = (bytes: Uint8Array) => Uint8Array;

/** Where a chunk lies in its array: index of the channel, and of the chunk along z, y, x. */
export type ChunkPlace = readonly [number, number, number, number];

/** An array of channels by (z, y, x). */
export interface ShardedArray {
  readonly type: "float16" | "uint8" | "float32";
  /** Channels, z, y, x. */
  readonly shape: readonly [number, number, number, number];
  /** Fills a chunk of 32³ voxels, z slowest; false when all of it is 0. */
  fill(place: ChunkPlace): StoredArray | null;
}

/** Key of the only shard, from the array's folder. */
export const SHARD_KEY = "c/0/0/0/0";

/** The array's `zarr.json`. */
export function arrayMetadata({ type, shape }: Pick<ShardedArray, "type" | "shape">): string {
  const little = { name: "bytes", configuration: { endian: "little" } };
  const metadata = {
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: type,
    chunk_grid: { name: "regular", configuration: { chunk_shape: shardShape(shape) } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: 0,
    codecs: [{
      name: "sharding_indexed",
      configuration: {
        chunk_shape: [1, CHUNK_EDGE, CHUNK_EDGE, CHUNK_EDGE],
        codecs: [type === "uint8" ? { name: "bytes" } : little, {
          name: "zstd",
          configuration: { level: 3, checksum: true },
        }],
        index_codecs: [little, { name: "crc32c" }],
        index_location: "end",
      },
    }],
    dimension_names: ["channel", "z", "y", "x"],
    attributes: {},
  };
  return JSON.stringify(metadata, null, 2) + "\n";
}

/** A group's `zarr.json`. */
export function groupMetadata(attributes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ zarr_format: 3, node_type: "group", attributes }, null, 2) + "\n";
}

/**
 * The bytes of the only shard. Chunks lie in the order of their places, x fastest, so that a row of them is one piece of
 * the file; chunks of zeros are left out.
 */
export function encodeShard({ shape, fill }: ShardedArray, compress: Compress): Uint8Array {
  const [channels, depth, height, width] = chunkCounts(shape);
  const index = new BigUint64Array(2 * channels * depth * height * width).fill(EMPTY);
  const pieces: Uint8Array[] = [];
  let offset = 0;
  let next = 0;
  for (let c = 0; c < channels; c++) {
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++, next += 2) {
          const voxels = fill([c, z, y, x]);
          if (voxels === null) continue;
          const bytes = compress(new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength));
          index[next] = BigInt(offset);
          index[next + 1] = BigInt(bytes.length);
          pieces.push(bytes);
          offset += bytes.length;
        }
      }
    }
  }
  const indexBytes = new Uint8Array(index.buffer);
  const out = new Uint8Array(offset + indexBytes.length + 4);
  let end = 0;
  for (const piece of [...pieces, indexBytes]) {
    out.set(piece, end);
    end += piece.length;
  }
  new DataView(out.buffer).setUint32(end, crc32c(indexBytes), true);
  return out;
}

/** Offset and length of a chunk that is not there. */
const EMPTY = 2n ** 64n - 1n;

/** Chunks along every axis. */
export function chunkCounts(shape: ShardedArray["shape"]): ChunkPlace {
  const along = (axis: number): number => Math.ceil(shape[axis] / CHUNK_EDGE);
  return [shape[0], along(1), along(2), along(3)];
}

function shardShape(shape: ShardedArray["shape"]): number[] {
  return chunkCounts(shape).map((count, axis) => axis === 0 ? count : count * CHUNK_EDGE);
}
