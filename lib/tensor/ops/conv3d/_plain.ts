/** Plain loops of the dense convolution: for every kernel offset and image row, one small matrix product. */
import { gemm } from "../_gemm.ts";
import type { Matrix } from "../_gemm.ts";

/** Sizes of one convolution with an odd cubic kernel and (kernel − 1)/2 zeros on every side. */
export interface ConvSize {
  readonly batch: number;
  /** Input depth, height, width. */
  readonly input: readonly [number, number, number];
  /** Output depth, height, width. */
  readonly output: readonly [number, number, number];
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
}

/** Rows of input and output voxels that one kernel offset connects. */
interface RowPair {
  /** First input and output value of the run. */
  readonly input: number;
  readonly output: number;
  /** Output voxels in the run. */
  readonly count: number;
  /** First value of the offset's `[Cin, Cout]` matrix. */
  readonly weight: number;
}

function forEachRow(size: ConvSize, visit: (pair: RowPair) => void): void {
  const { kernel, stride, inChannels, outChannels } = size;
  const [depth, height, width] = size.input;
  const [outDepth, outHeight, outWidth] = size.output;
  const border = (kernel - 1) / 2;
  for (let tap = 0; tap < kernel ** 3; tap++) {
    const [kd, kh, kw] = [Math.floor(tap / kernel ** 2), Math.floor(tap / kernel) % kernel, tap % kernel];
    const first = Math.max(0, Math.ceil((border - kw) / stride));
    const last = Math.min(outWidth - 1, Math.floor((width - 1 + border - kw) / stride));
    if (last < first) continue;
    for (let row = 0; row < size.batch * outDepth * outHeight; row++) {
      const h = (row % outHeight) * stride + kh - border;
      const d = (Math.floor(row / outHeight) % outDepth) * stride + kd - border;
      if (h < 0 || h >= height || d < 0 || d >= depth) continue;
      const b = Math.floor(row / (outHeight * outDepth));
      visit({
        input: (((b * depth + d) * height + h) * width + first * stride + kw - border) * inChannels,
        output: (row * outWidth + first) * outChannels,
        count: last - first + 1,
        weight: tap * inChannels * outChannels,
      });
    }
  }
}

function view(data: Float32Array, start: number, row: number, column = 1): Matrix {
  return { data, start, row, column };
}

/** y = x ⋆ weight (+ bias). */
export function convolve(x: Float32Array, weight: Float32Array, size: ConvSize, bias?: Float32Array): Float32Array {
  const { inChannels: k, outChannels: n, stride } = size;
  const y = new Float32Array(size.batch * size.output[0] * size.output[1] * size.output[2] * n);
  if (bias) { for (let i = 0; i < y.length; i += n) y.set(bias, i); }
  forEachRow(size, ({ input, output, count, weight: start }) => {
    const matrices = { a: view(x, input, stride * k), b: view(weight, start, n), c: view(y, output, n) };
    gemm(matrices, { m: count, n, k, accumulate: true });
  });
  return y;
}

/** dx = dy scattered through the kernel. */
export function inputGradient(dy: Float32Array, weight: Float32Array, size: ConvSize): Float32Array {
  const { inChannels: n, outChannels: k, stride } = size;
  const dx = new Float32Array(size.batch * size.input[0] * size.input[1] * size.input[2] * n);
  forEachRow(size, ({ input, output, count, weight: start }) => {
    const matrices = { a: view(dy, output, k), b: view(weight, start, 1, k), c: view(dx, input, stride * n) };
    gemm(matrices, { m: count, n, k, accumulate: true });
  });
  return dx;
}

/** dWeight[k] = Σ over voxels of x[v·stride + k]ᵀ·dy[v]. */
export function weightGradient(x: Float32Array, dy: Float32Array, size: ConvSize): Float32Array {
  const { inChannels: m, outChannels: n, stride, kernel } = size;
  const dWeight = new Float32Array(kernel ** 3 * m * n);
  forEachRow(size, ({ input, output, count, weight: start }) => {
    const matrices = { a: view(x, input, 1, stride * m), b: view(dy, output, n), c: view(dWeight, start, n) };
    gemm(matrices, { m, n, k: count, accumulate: true });
  });
  return dWeight;
}
