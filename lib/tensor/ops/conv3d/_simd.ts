/** Dense convolution by the WebAssembly kernels: sizes of blocks, and strided gradients by classes of voxels. */
import { sumSlices } from "../../simd/multiply.ts";
import type { SimdArray, SimdRuntime } from "../../simd/runtime.ts";
import type { ConvSize } from "./_plain.ts";

type Triple = readonly [number, number, number];

/** Columns of a packed panel. */
const PANEL = 16;
/** Output voxels that a block of rows should have: enough to make a panel of weights worth loading. */
const BLOCK_VOXELS = 128;
/** Values of a thread's scratch that a slab and packed gradients may take. */
const MOST_SLAB = 900_000;
/** Groups of blocks with weight gradients of their own, and the values all of these may have. */
const MOST_GROUPS = 16, MOST_PARTIALS = 8 * 2 ** 20;

/** A product over a list of kernel taps: the whole convolution, or what one class of input voxels gets back. */
interface TapProduct {
  readonly input: Triple;
  readonly output: Triple;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Taps along d, h, w, and how far before the output voxel they start. */
  readonly taps: Triple;
  readonly border: Triple;
  readonly stride: number;
  /** Size of the tensor that is written, and where in it: voxel · spread + place. */
  readonly written: Triple;
  readonly spread: number;
  readonly place: Triple;
}

/** How the weights `[k, k, k, Cin, Cout]` are read. */
interface WeightReading {
  /** Offsets of the kernel, in the order of the product's taps. */
  readonly list: readonly number[];
  /** Elements between rows and columns of a tap's matrix. */
  readonly row: number;
  readonly column: number;
}

/** y = x ⋆ weight (+ bias). */
export function convolve(
  { x, weight, bias }: { x: SimdArray; weight: SimdArray; bias?: SimdArray },
  size: ConvSize,
  runtime: SimdRuntime,
): SimdArray {
  const { kernel, stride, outChannels, input, output } = size;
  const border = (kernel - 1) / 2;
  const list = Array.from({ length: kernel ** 3 }, (_, tap) => tap);
  const product = {
    ...size,
    taps: [kernel, kernel, kernel] as const,
    border: [border, border, border] as const,
    written: output,
    spread: 1,
    place: [0, 0, 0] as const,
  };
  const y = runtime.output([size.batch, ...output, outChannels]);
  const packed = packTaps(weight, { list, row: outChannels, column: 1 }, product, runtime);
  multiplyTaps({ x, packed, bias: bias?.pointer ?? 0, y }, { ...product, batch: size.batch, input, stride }, runtime);
  return y;
}

/** dx: every input voxel's class of remainders by the stride gets its taps of dy. */
export function inputGradient(
  { dy, weight }: { dy: SimdArray; weight: SimdArray },
  { batch, input, output, inChannels, outChannels, kernel, stride }: ConvSize,
  runtime: SimdRuntime,
): SimdArray {
  const dx = runtime.output([batch, ...input, inChannels]);
  const classes = Array.from({ length: stride }, (_, place) => axisTaps(place, { kernel, stride }));
  if (classes.some(({ offsets }) => offsets.length === 0)) dx.data.fill(0);
  for (let index = 0; index < stride ** 3; index++) {
    const place = [Math.floor(index / stride ** 2), Math.floor(index / stride) % stride, index % stride] as const;
    const [d, h, w] = place.map((remainder) => classes[remainder]);
    const covered = input.map((length, axis) => Math.ceil((length - place[axis]) / stride)) as unknown as Triple;
    const list = d.offsets.flatMap((z) =>
      h.offsets.flatMap((y) => w.offsets.map((x) => (z * kernel + y) * kernel + x))
    );
    if (list.length === 0 || covered.some((length) => length <= 0)) continue;
    const product = {
      input: output,
      output: covered,
      inChannels: outChannels,
      outChannels: inChannels,
      taps: [d.offsets.length, h.offsets.length, w.offsets.length] as const,
      border: [d.border, h.border, w.border] as const,
      stride: 1,
      written: input,
      spread: stride,
      place,
      batch,
    };
    const packed = packTaps(weight, { list, row: 1, column: outChannels }, product, runtime);
    multiplyTaps({ x: dy, packed, bias: 0, y: dx }, product, runtime);
  }
  return dx;
}

/** Along one axis: kernel offsets that reach input voxels of a class, by rising output voxel, and where those start. */
function axisTaps(
  place: number,
  { kernel, stride }: { kernel: number; stride: number },
): { offsets: number[]; border: number } {
  const reach = place + (kernel - 1) / 2;
  const offsets = Array.from({ length: kernel }, (_, k) => kernel - 1 - k).filter((k) => (reach - k) % stride === 0);
  return { offsets, border: offsets.length === 0 ? 0 : (offsets[0] - reach) / stride };
}

function packTaps(
  weight: SimdArray,
  { list, row, column }: WeightReading,
  { inChannels, outChannels }: Pick<TapProduct, "inChannels" | "outChannels">,
  runtime: SimdRuntime,
): number {
  const panels = Math.ceil(outChannels / PANEL);
  const taps = runtime.scratch(list.length);
  taps.data.set(list);
  const packed = runtime.scratch(panels * list.length * inChannels * PANEL).pointer;
  const args = [weight.pointer, taps.pointer, list.length, inChannels, outChannels, row, column, packed];
  runtime.run("packTaps", { units: panels, grain: 1 }, args);
  return packed;
}

function multiplyTaps(
  { x, packed, bias, y }: { x: SimdArray; packed: number; bias: number; y: SimdArray },
  product: TapProduct & { batch: number },
  runtime: SimdRuntime,
): void {
  const { batch, input, output, inChannels, outChannels, taps, border, stride, written, spread, place } = product;
  const slabRow = ((output[2] - 1) * stride + taps[2]) * inChannels;
  const blockRows = rowsOfBlock(output, (rows) => ((rows - 1) * stride + taps[1]) * slabRow);
  const sizes = [...input, inChannels, ...output, outChannels, ...taps, ...border, stride];
  const args = [x.pointer, packed, bias, y.pointer, ...sizes, ...written, spread, ...place, blockRows];
  runtime.run("conv3dRows", { units: batch * output[0] * Math.ceil(output[1] / blockRows), grain: 1 }, args);
}

/** dWeight[k] = Σ over voxels of x[v·stride + k]ᵀ·dy[v]. */
export function weightGradient(
  { x, dy }: { x: SimdArray; dy: SimdArray },
  size: ConvSize,
  runtime: SimdRuntime,
): SimdArray {
  const { batch, input, output, inChannels, outChannels, kernel, stride } = size;
  const length = (output[2] - 1) * stride + kernel;
  const channels = Math.ceil(outChannels / PANEL) * PANEL;
  const blockRows = rowsOfBlock(
    output,
    (rows) => ((rows - 1) * stride + kernel) * length * inChannels + rows * length * channels,
  );
  const blockCount = batch * output[0] * Math.ceil(output[1] / blockRows);
  const values = kernel ** 3 * inChannels * outChannels;
  const groups = Math.max(1, Math.min(MOST_GROUPS, blockCount, Math.floor(MOST_PARTIALS / values)));
  const partials = runtime.scratch(groups * values);
  const sizes = [...input, inChannels, ...output, outChannels, kernel, stride, blockRows, blockCount, groups];
  const args = [x.pointer, dy.pointer, partials.pointer, ...sizes];
  runtime.run("conv3dWeightGradient", { units: groups * kernel, grain: 1 }, args);
  const dWeight = runtime.output([kernel, kernel, kernel, inChannels, outChannels]);
  sumSlices(partials, { to: dWeight, count: groups, stride: values, length: values }, runtime);
  return dWeight;
}

/** Output rows of a block: about {@link BLOCK_VOXELS} voxels, fewer where their slab would not fit. */
function rowsOfBlock([, height, width]: Triple, slabOf: (rows: number) => number): number {
  let rows = Math.max(1, Math.min(height, Math.round(BLOCK_VOXELS / width)));
  while (rows > 1 && slabOf(rows) > MOST_SLAB) rows--;
  if (slabOf(rows) > MOST_SLAB) {
    throw new RangeError(
      `Cannot apply conv3d: expected rows and channels that fit ${MOST_SLAB} values of scratch, got ${slabOf(rows)}`,
    );
  }
  return rows;
}
