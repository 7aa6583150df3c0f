/** A prepared subject in memory, and what was read of it. */
import {
  type ByteRange,
  type Compress,
  encodeSubject,
  type PreparedStack,
  type PreparedStore,
  type StorageType,
  subjectMetadata,
} from "../../../lib/dataset/mod.ts";
import type { Triple } from "../../../lib/geometry.ts";

/** Bytes in the place of files. */
export interface MemoryStore extends PreparedStore, Disposable {
  readonly files: Map<string, Uint8Array>;
  /** Lengths of the pieces that were asked for. */
  readonly ranges: number[];
}

/** Stores a subject. zarrita's own zstd reads a frame whose blocks are stored as they are. */
export function memoryStore(
  stack: PreparedStack,
  { id = "s", storage = "float32", compress = storedFrame }: {
    id?: string;
    storage?: StorageType;
    compress?: Compress;
  } = {},
): MemoryStore {
  const { attributes, files } = encodeSubject(stack, { id, sources: [], storage, compress });
  const all = new Map(files.map(({ name, bytes }) => [`/${name}`, bytes]));
  const sha256 = Object.fromEntries(files.map(({ name }) => [name, "of no matter here"]));
  all.set("/zarr.json", new TextEncoder().encode(subjectMetadata({ ...attributes, sha256 })));
  const ranges: number[] = [];
  return {
    name: id,
    files: all,
    ranges,
    get: (key) => Promise.resolve(all.get(key)),
    getRange: (key, range) => {
      ranges.push("length" in range ? range.length : range.suffixLength);
      return Promise.resolve(cut(all.get(key), range));
    },
    [Symbol.dispose]: () => {},
  };
}

function cut(bytes: Uint8Array | undefined, range: ByteRange): Uint8Array | undefined {
  if ("suffixLength" in range) return bytes?.slice(-range.suffixLength);
  return bytes?.slice(range.offset, range.offset + range.length);
}

/**
 * A zstd frame by hand (RFC 8878): magic number, a single segment with its size in four bytes, raw blocks of up to 128 KiB.
 */
export function storedFrame(bytes: Uint8Array): Uint8Array {
  const block = 131072;
  const count = Math.max(1, Math.ceil(bytes.length / block));
  const out = new Uint8Array(9 + 3 * count + bytes.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, 0xfd2fb528, true);
  out[4] = 0xa0;
  view.setUint32(5, bytes.length, true);
  let at = 9;
  for (let i = 0; i < count; i++) {
    const piece = bytes.subarray(i * block, (i + 1) * block);
    const header = piece.length * 8 + (i === count - 1 ? 1 : 0);
    out.set([header & 255, header >> 8 & 255, header >> 16 & 255], at);
    out.set(piece, at + 3);
    at += 3 + piece.length;
  }
  return out;
}

/** A subject whose voxels are all different, and 0 in a corner larger than a chunk. */
export function countedStack(size: Triple, modalities: readonly string[] = ["t1", "flair"]): PreparedStack {
  const channels = modalities.map((_, c) =>
    Float32Array.from({ length: size[0] * size[1] * size[2] }, (_, i) => {
      const [x, y, z] = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
      return x < 34 && y < 33 && z < 33 ? 0 : (i + c / 3) / (size[0] * size[1] * size[2] + 1);
    })
  );
  return { modalities, channels, size, affine: [[1, 0, 0, -3], [0, 2, 0, 4], [0, 0, 1, 0], [0, 0, 0, 1]] };
}
