/** Builds NIfTI files in memory, sound or broken, for the tests of the reader. */

/** Voxel type: NIfTI code, bytes, and how to store one value. */
export interface StoredType {
  readonly code: number;
  readonly bytes: number;
  readonly store: (view: DataView, offset: number, value: number, littleEndian: boolean) => void;
}

/** All voxel types that the reader takes. */
export const STORED_TYPES = {
  uint8: { code: 2, bytes: 1, store: (view, at, value) => view.setUint8(at, value) },
  int8: { code: 256, bytes: 1, store: (view, at, value) => view.setInt8(at, value) },
  uint16: { code: 512, bytes: 2, store: (view, at, value, little) => view.setUint16(at, value, little) },
  int16: { code: 4, bytes: 2, store: (view, at, value, little) => view.setInt16(at, value, little) },
  uint32: { code: 768, bytes: 4, store: (view, at, value, little) => view.setUint32(at, value, little) },
  int32: { code: 8, bytes: 4, store: (view, at, value, little) => view.setInt32(at, value, little) },
  uint64: { code: 1280, bytes: 8, store: (view, at, value, little) => view.setBigUint64(at, BigInt(value), little) },
  int64: { code: 1024, bytes: 8, store: (view, at, value, little) => view.setBigInt64(at, BigInt(value), little) },
  float32: { code: 16, bytes: 4, store: (view, at, value, little) => view.setFloat32(at, value, little) },
  float64: { code: 64, bytes: 8, store: (view, at, value, little) => view.setFloat64(at, value, little) },
} as const satisfies Record<string, StoredType>;

/** What goes into the file; everything but the voxels has a plain default. */
export interface NiftiFileSpec {
  readonly values: readonly number[];
  /** Axis lengths, rank left out; default `[values.length, 1, 1]`. */
  readonly shape?: readonly number[];
  readonly version?: 1 | 2;
  readonly littleEndian?: boolean;
  readonly type?: keyof typeof STORED_TYPES;
  /** Overrides the type's code. */
  readonly datatypeCode?: number;
  readonly slope?: number;
  readonly intercept?: number;
  /** pixdim[0..3]; default `[1, 1, 1, 1]`. */
  readonly pixdim?: readonly number[];
  readonly qform?: { readonly code: number; readonly bcd: readonly number[]; readonly offset: readonly number[] };
  readonly sform?: { readonly code: number; readonly rows: readonly (readonly number[])[] };
  /** vox_offset; the voxels go there, or to its default place when it is 0. */
  readonly voxelOffset?: number;
}

const FIELDS = {
  1: {
    header: 348,
    rank: 40,
    datatype: 70,
    bits: 72,
    pixdim: 76,
    offset: 108,
    slope: 112,
    qcode: 252,
    qform: 256,
    scode: 254,
    sform: 280,
  },
  2: {
    header: 540,
    rank: 16,
    datatype: 12,
    bits: 14,
    pixdim: 104,
    offset: 168,
    slope: 176,
    qcode: 344,
    qform: 352,
    scode: 348,
    sform: 400,
  },
} as const;

/** The bytes of an uncompressed file. */
export function buildNifti(spec: NiftiFileSpec): Uint8Array<ArrayBuffer> {
  const { values, version = 1, littleEndian: little = true, type = "float32", slope = 0, intercept = 0 } = spec;
  const { shape = [values.length, 1, 1], pixdim = [1, 1, 1, 1], qform, sform, voxelOffset = 0 } = spec;
  const { code, bytes, store } = STORED_TYPES[type];
  const at = FIELDS[version];
  const start = voxelOffset === 0 ? at.header + 4 : voxelOffset;
  const file = new Uint8Array(Math.max(at.header, start) + values.length * bytes);
  const view = new DataView(file.buffer);
  const real = version === 1
    ? { size: 4, set: (offset: number, value: number): void => view.setFloat32(offset, value, little) }
    : { size: 8, set: (offset: number, value: number): void => view.setFloat64(offset, value, little) };
  const setReals = (offset: number, numbers: readonly number[]): void =>
    numbers.forEach((value, i) => real.set(offset + i * real.size, value));
  const setCode = (offset: number, value: number): void =>
    version === 1 ? view.setInt16(offset, value, little) : view.setInt32(offset, value, little);
  view.setInt32(0, at.header, little);
  file.set(version === 1 ? [0x6e, 0x2b, 0x31, 0] : [0x6e, 0x2b, 0x32, 0], version === 1 ? 344 : 4);
  [shape.length, ...shape].forEach((length, i) =>
    version === 1
      ? view.setInt16(at.rank + 2 * i, length, little)
      : view.setBigInt64(at.rank + 8 * i, BigInt(length), little)
  );
  view.setInt16(at.datatype, spec.datatypeCode ?? code, little);
  view.setInt16(at.bits, 8 * bytes, little);
  setReals(at.pixdim, pixdim);
  if (version === 1) view.setFloat32(at.offset, voxelOffset, little);
  else view.setBigInt64(at.offset, BigInt(voxelOffset), little);
  setReals(at.slope, [slope, intercept]);
  if (qform !== undefined) {
    setCode(at.qcode, qform.code);
    setReals(at.qform, [...qform.bcd, ...qform.offset]);
  }
  if (sform !== undefined) {
    setCode(at.scode, sform.code);
    setReals(at.sform, sform.rows.flat());
  }
  values.forEach((value, i) => store(view, start + i * bytes, value, little));
  return file;
}

/** The same bytes, gzip-compressed. */
export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The uncompressed bytes. */
export async function gunzip(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
