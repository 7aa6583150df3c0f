/** Reads parts of a prepared subject: no more of its files than the chunks that are asked for. */
import { open, registry, root } from "zarrita";
import { z } from "zod";
import { messageOf, VolumeError } from "../../errors.ts";
import type { Triple } from "../../geometry.ts";
import { crc32c } from "./_crc32c.ts";
import { CHUNK_EDGE } from "./_shard.ts";
import type { SubjectAttributes } from "./encode.ts";
import { loadRow, type StoredArray } from "./storage.ts";

/** Where a group's files are. Keys start with `/`, as Zarr stores have them. */
export interface PreparedStore {
  /** What to call the store in errors. */
  readonly name: string;
  /** A whole file; undefined where there is none. */
  get(key: `/${string}`): Promise<Uint8Array | undefined>;
  /** A part of a file. */
  getRange(key: `/${string}`, range: ByteRange): Promise<Uint8Array | undefined>;
}

/** A piece of a file, or its end. */
export type ByteRange = { readonly offset: number; readonly length: number } | { readonly suffixLength: number };

/**
 * Lets chunks be decompressed by the machine's own library instead of zarrita's WebAssembly, for the whole process.
 *
 * @param decompress the content of one zstd frame, at the start of a memory of its own
 */
export function useZstd(decompress: (bytes: Uint8Array) => Uint8Array): void {
  const codec = {
    kind: "bytes_to_bytes" as const,
    encode: (): never => {
      throw new Error("Cannot write through zarrita: expected reads only");
    },
    decode: decompress,
  };
  registry.set("zstd", () => Promise.resolve({ fromConfig: () => codec }));
}

const triple = z.tuple([z.number(), z.number(), z.number()]);
const attributesSchema = z.object({
  id: z.string(),
  modalities: z.array(z.string()),
  affine: z.array(z.array(z.number())),
  volumeSize: triple,
  volumeStart: triple,
  scales: z.array(z.object({ scale: z.number(), offset: z.number() })),
  sha256: z.record(z.string(), z.string()),
  sources: z.array(z.object({ file: z.string(), sha256: z.string() })),
});

/**
 * Reads what a subject's `zarr.json` says.
 *
 * @throws {VolumeError} when it is not that of a prepared subject
 */
export function parseSubjectMetadata(text: string, file: string): SubjectAttributes {
  try {
    return attributesSchema.parse(JSON.parse(text).attributes);
  } catch (cause) {
    throw new VolumeError(file, `expected the zarr.json of a prepared subject, got ${messageOf(cause)}`, { cause });
  }
}

/** A crop of a subject. */
export interface Region {
  /** Voxel (x, y, z) of the subject under the crop's first voxel; may lie outside. */
  readonly start: Triple;
  /** Voxels of the crop along (x, y, z). */
  readonly cropSize: Triple;
}

/** A prepared subject whose voxels are still on the disk. */
export class PreparedSubject {
  readonly attributes: SubjectAttributes;
  /** Voxels along (x, y, z). */
  readonly size: Triple;
  readonly hasLabel: boolean;
  readonly #image: ChunkedArray;
  readonly #label: ChunkedArray | null;
  readonly #name: string;

  private constructor(
    attributes: SubjectAttributes,
    { name, image, label }: { name: string; image: ChunkedArray; label: ChunkedArray | null },
  ) {
    this.attributes = attributes;
    this.#name = name;
    this.#image = image;
    this.#label = label;
    this.hasLabel = label !== null;
    const [, depth, height, width] = image.shape;
    this.size = [width, height, depth];
  }

  /**
   * Reads a subject's metadata.
   *
   * @throws {VolumeError} when the store has no sound prepared subject
   */
  static async open(store: PreparedStore): Promise<PreparedSubject> {
    const metadata = await store.get("/zarr.json");
    if (metadata === undefined) throw new VolumeError(store.name, "expected a prepared subject, found no zarr.json");
    const attributes = parseSubjectMetadata(new TextDecoder().decode(metadata), store.name);
    const hasLabel = Object.keys(attributes.sha256).some((name) => name.startsWith("label/"));
    const checked = checkedStore(store);
    return await naming(store.name, async () => {
      const image = await openArray(checked, "image");
      return new PreparedSubject(attributes, {
        name: store.name,
        image,
        label: hasLabel ? await openArray(checked, "label") : null,
      });
    });
  }

  /**
   * Reads a crop of a channel; what lies outside the subject is left as it is.
   *
   * @param out `[D, H, W]`, x fastest
   * @throws {VolumeError} when the file is damaged
   */
  readCrop(channel: number, region: Region, out: Float32Array): Promise<void> {
    const scale = this.attributes.scales[channel];
    const copy = (stored: StoredArray, row: Row): void => loadRow(stored, out, { ...row, ...scale });
    return naming(this.#name, () => readRows(this.#image, { channel, size: this.size, ...region, copy }));
  }

  /**
   * The whole label, x fastest; null where the subject has none.
   *
   * @throws {VolumeError} when the file is damaged
   */
  async readLabel(): Promise<Uint8Array<ArrayBuffer> | null> {
    const label = this.#label;
    if (label === null) return null;
    const { size } = this;
    const out = new Uint8Array(size[0] * size[1] * size[2]);
    const copy = (stored: StoredArray, { from, to, length }: Row): void => {
      out.set((stored as Uint8Array).subarray(from, from + length), to);
    };
    await naming(this.#name, () => readRows(label, { channel: 0, size, start: [0, 0, 0], cropSize: size, copy }));
    return out;
  }
}

/** zarrita takes a file that is not there for zeros and does not look at checksums: this store does. */
function checkedStore(store: PreparedStore): PreparedStore {
  return {
    name: store.name,
    get: (key) => store.get(key),
    getRange: async (key, range) => {
      const bytes = await store.getRange(key, range);
      const isIndex = "suffixLength" in range;
      const length = isIndex ? range.suffixLength : range.length;
      if (bytes?.length !== length) throw new Error(`${bytes?.length ?? "no"} bytes where ${key} has ${length}`);
      if (isIndex && !isSound(bytes)) throw new Error(`a damaged index in ${key}`);
      return bytes;
    },
  };
}

/** Compares the CRC-32C at the end of an index with the rest. */
function isSound(index: Uint8Array): boolean {
  const end = index.length - 4;
  return new DataView(index.buffer, index.byteOffset + end).getUint32(0, true) === crc32c(index.subarray(0, end));
}

/** The part of zarrita's arrays that is used. */
interface ChunkedArray {
  readonly shape: readonly number[];
  getChunk(place: number[]): Promise<{ data: unknown }>;
}

async function openArray(store: PreparedStore, name: string): Promise<ChunkedArray> {
  return await open.v3(root(store).resolve(name), { kind: "array" });
}

async function naming<T>(name: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    throw new VolumeError(name, `expected a sound prepared subject, got ${messageOf(cause)}`, { cause });
  }
}

type Row = { readonly from: number; readonly to: number; readonly length: number };

/** Chunks under the crop one after another, each copied row by row. */
async function readRows(
  array: ChunkedArray,
  { channel, size, start, cropSize, copy }: Region & {
    channel: number;
    size: Triple;
    copy: (stored: StoredArray, row: Row) => void;
  },
): Promise<void> {
  const low = [0, 1, 2].map((axis) => Math.max(0, start[axis]));
  const high = [0, 1, 2].map((axis) => Math.min(size[axis], start[axis] + cropSize[axis]));
  if (low.some((value, axis) => value >= high[axis])) return;
  const first = low.map((value) => Math.floor(value / CHUNK_EDGE));
  const last = high.map((value) => Math.floor((value - 1) / CHUNK_EDGE));
  for (let cz = first[2]; cz <= last[2]; cz++) {
    for (let cy = first[1]; cy <= last[1]; cy++) {
      for (let cx = first[0]; cx <= last[0]; cx++) {
        const { data } = await array.getChunk([channel, cz, cy, cx]);
        const origin = [cx * CHUNK_EDGE, cy * CHUNK_EDGE, cz * CHUNK_EDGE];
        const [x0, y0, z0] = low.map((value, axis) => Math.max(value, origin[axis]));
        const [x1, y1, z1] = high.map((value, axis) => Math.min(value, origin[axis] + CHUNK_EDGE));
        for (let z = z0; z < z1; z++) {
          for (let y = y0; y < y1; y++) {
            copy(data as StoredArray, {
              from: x0 - origin[0] + CHUNK_EDGE * (y - origin[1] + CHUNK_EDGE * (z - origin[2])),
              to: x0 - start[0] + cropSize[0] * (y - start[1] + cropSize[1] * (z - start[2])),
              length: x1 - x0,
            });
          }
        }
      }
    }
  }
}
