/**
 * Plain loops of the depthwise convolution. The input is copied into a zero border once, so the inner loops have no
 * bounds to check, and 4 voxels × 4 channels are summed in local variables.
 */

/** Sizes of one depthwise convolution; the kernel is a cube with `kernel` voxels a side, stride 1, same padding. */
export interface DepthwiseSize {
  readonly batch: number;
  readonly depth: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly kernel: number;
}

/** Sizes from the input `[B, D, H, W, C]` or anything of its shape. */
export function sizeOf({ shape }: { shape: readonly number[] }, kernel: number): DepthwiseSize {
  const [batch, depth, height, width, channels] = shape;
  return { batch, depth, height, width, channels, kernel };
}

/** Copies x `[B, D, H, W, C]` into a border of (kernel − 1)/2 zeros; `padded` must be zero there already. */
export function padBorder(
  x: Float32Array,
  { batch, depth, height, width, channels, kernel }: DepthwiseSize,
  padded: Float32Array = new Float32Array(
    batch * (depth + kernel - 1) * (height + kernel - 1) * (width + kernel - 1) * channels,
  ),
): Float32Array {
  const border = (kernel - 1) / 2;
  const row = width * channels;
  const paddedRow = (width + 2 * border) * channels;
  const paddedSlice = (height + 2 * border) * paddedRow;
  for (let b = 0, from = 0; b < batch; b++) {
    for (let d = 0; d < depth; d++) {
      let to = (b * (depth + 2 * border) + d + border) * paddedSlice + border * paddedRow + border * channels;
      for (let h = 0; h < height; h++, from += row, to += paddedRow) padded.set(x.subarray(from, from + row), to);
    }
  }
  return padded;
}

/** y = x ⋆ weight (+ bias), x padded, weight `[k, k, k, C]`. */
export function convolve(
  padded: Float32Array,
  weight: Float32Array,
  size: DepthwiseSize,
  bias?: Float32Array,
): Float32Array {
  const { batch, depth, height, width, channels, kernel } = size;
  const paddedRow = (width + kernel - 1) * channels;
  const paddedSlice = (height + kernel - 1) * paddedRow;
  const y = new Float32Array(batch * depth * height * width * channels);
  const strides = { paddedRow, paddedSlice, channels, kernel };
  for (let b = 0, row = 0; b < batch; b++) {
    for (let d = 0; d < depth; d++) {
      for (let h = 0; h < height; h++, row++) {
        const from = (b * (depth + kernel - 1) + d) * paddedSlice + h * paddedRow;
        convolveRow({ x: padded, weight, y, bias }, { from, to: row * width * channels, width, ...strides });
      }
    }
  }
  return y;
}

interface RowArrays {
  readonly x: Float32Array;
  readonly weight: Float32Array;
  readonly y: Float32Array;
  readonly bias?: Float32Array;
}

interface Row {
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly channels: number;
  readonly kernel: number;
  readonly paddedRow: number;
  readonly paddedSlice: number;
}

function convolveRow(arrays: RowArrays, row: Row): void {
  const { width, channels } = row;
  const tiledWidth = width - (width % 4);
  const tiledChannels = channels - (channels % 4);
  for (let c = 0; c < tiledChannels; c += 4) {
    for (let w = 0; w < tiledWidth; w += 4) convolveTile(arrays, row, w, c);
  }
  for (let w = 0; w < width; w++) {
    for (let c = w < tiledWidth ? tiledChannels : 0; c < channels; c++) convolveVoxel(arrays, row, w, c);
  }
}

function convolveTile({ x, weight, y, bias }: RowArrays, row: Row, w: number, c: number): void {
  const { channels: C, kernel, paddedRow, paddedSlice } = row;
  const b0 = bias ? bias[c] : 0, b1 = bias ? bias[c + 1] : 0, b2 = bias ? bias[c + 2] : 0, b3 = bias ? bias[c + 3] : 0;
  let s00 = b0, s01 = b1, s02 = b2, s03 = b3, s10 = b0, s11 = b1, s12 = b2, s13 = b3;
  let s20 = b0, s21 = b1, s22 = b2, s23 = b3, s30 = b0, s31 = b1, s32 = b2, s33 = b3;
  let q = c;
  for (let kd = 0; kd < kernel; kd++) {
    for (let kh = 0; kh < kernel; kh++) {
      let p0 = row.from + kd * paddedSlice + kh * paddedRow + w * C + c;
      for (let kw = 0; kw < kernel; kw++, p0 += C, q += C) {
        const w0 = weight[q], w1 = weight[q + 1], w2 = weight[q + 2], w3 = weight[q + 3];
        const p1 = p0 + C, p2 = p1 + C, p3 = p2 + C;
        s00 += x[p0] * w0, s01 += x[p0 + 1] * w1, s02 += x[p0 + 2] * w2, s03 += x[p0 + 3] * w3;
        s10 += x[p1] * w0, s11 += x[p1 + 1] * w1, s12 += x[p1 + 2] * w2, s13 += x[p1 + 3] * w3;
        s20 += x[p2] * w0, s21 += x[p2 + 1] * w1, s22 += x[p2 + 2] * w2, s23 += x[p2 + 3] * w3;
        s30 += x[p3] * w0, s31 += x[p3 + 1] * w1, s32 += x[p3 + 2] * w2, s33 += x[p3 + 3] * w3;
      }
    }
  }
  let o = row.to + w * C + c;
  y[o] = s00, y[o + 1] = s01, y[o + 2] = s02, y[o + 3] = s03, o += C;
  y[o] = s10, y[o + 1] = s11, y[o + 2] = s12, y[o + 3] = s13, o += C;
  y[o] = s20, y[o + 1] = s21, y[o + 2] = s22, y[o + 3] = s23, o += C;
  y[o] = s30, y[o + 1] = s31, y[o + 2] = s32, y[o + 3] = s33;
}

function convolveVoxel({ x, weight, y, bias }: RowArrays, row: Row, w: number, c: number): void {
  const { channels, kernel, paddedRow, paddedSlice } = row;
  let sum = bias ? bias[c] : 0;
  let q = c;
  for (let kd = 0; kd < kernel; kd++) {
    for (let kh = 0; kh < kernel; kh++) {
      let p = row.from + kd * paddedSlice + kh * paddedRow + w * channels + c;
      for (let kw = 0; kw < kernel; kw++, p += channels, q += channels) sum += x[p] * weight[q];
    }
  }
  y[row.to + w * channels + c] = sum;
}

/** The kernel turned by 180° about every axis: convolving dy with it gives the input gradient. */
export function flipKernel(weight: Float32Array, channels: number): Float32Array {
  const flipped = new Float32Array(weight.length);
  for (let from = 0, to = weight.length - channels; from < weight.length; from += channels, to -= channels) {
    flipped.set(weight.subarray(from, from + channels), to);
  }
  return flipped;
}

/** dWeight[k, c] = Σ over voxels of x[v + k, c]·dy[v, c], x padded. */
export function weightGradient(padded: Float32Array, dy: Float32Array, size: DepthwiseSize): Float32Array {
  const { kernel, channels, height, width } = size;
  const paddedRow = (width + kernel - 1) * channels;
  const paddedSlice = (height + kernel - 1) * paddedRow;
  const sums = new Float64Array(kernel ** 3 * channels);
  for (let tap = 0; tap < kernel ** 3; tap++) {
    const kd = Math.floor(tap / (kernel * kernel));
    const kh = Math.floor(tap / kernel) % kernel;
    const offset = kd * paddedSlice + kh * paddedRow + (tap % kernel) * channels;
    correlateTap({ x: padded, dy, sums: sums.subarray(tap * channels, (tap + 1) * channels) }, {
      offset,
      paddedRow,
      size,
    });
  }
  return Float32Array.from(sums);
}

function correlateTap(
  { x, dy, sums }: { x: Float32Array; dy: Float32Array; sums: Float64Array },
  { offset, paddedRow, size }: { offset: number; paddedRow: number; size: DepthwiseSize },
): void {
  const { batch, depth, height, width, channels: C, kernel } = size;
  const paddedSlice = (height + kernel - 1) * paddedRow;
  const tiledChannels = C - (C % 4);
  for (let row = 0; row < batch * depth * height; row++) {
    const h = row % height;
    const d = Math.floor(row / height) % depth;
    const b = Math.floor(row / (height * depth));
    const from = (b * (depth + kernel - 1) + d) * paddedSlice + h * paddedRow + offset;
    for (let c = 0; c < tiledChannels; c += 4) {
      let p = from + c, q = row * width * C + c;
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (let w = 0; w < width; w++, p += C, q += C) {
        s0 += x[p] * dy[q], s1 += x[p + 1] * dy[q + 1], s2 += x[p + 2] * dy[q + 2], s3 += x[p + 3] * dy[q + 3];
      }
      sums[c] += s0, sums[c + 1] += s1, sums[c + 2] += s2, sums[c + 3] += s3;
    }
    for (let c = tiledChannels; c < C; c++) {
      for (let w = 0; w < width; w++) sums[c] += x[from + w * C + c] * dy[(row * width + w) * C + c];
    }
  }
}
