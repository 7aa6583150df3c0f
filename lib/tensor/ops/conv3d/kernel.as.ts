/**
 * Dense convolution as matrix products that read the volume in place: no unfolded copy of it.
 *
 * A thread copies the input rows that a block of output rows needs into its scratch, with zeros around (a slab). There
 * the values under one row of the kernel, all taps along w and all channels, lie next to each other, and those of the
 * next voxel a fixed step further: a matrix whose rows overlap. So every pair (kd, kh) is one product.
 */
import { BLOCK_SCRATCH_BYTES, packPanel } from "../../simd/gemm.as.ts";
import { copyTile, MR, NR, PANEL_BYTES, tileOfColumns, tileOfRows } from "../../simd/tile.as.ts";
import { threadScratch } from "../../simd/thread.as.ts";

/** Steps of the inner dimension between two visits of C: a panel of B then fits the first-level cache. */
const KC: i32 = 256;

/**
 * Packs panels [begin, end) of the weights: for every tap of `list` (kernel offsets, in the order in which the product
 * meets them) `depth` rows of `columns` values, `row` and `column` apart.
 */
export function packTaps(
  weight: usize,
  list: usize,
  taps: i32,
  depth: i32,
  columns: i32,
  row: i32,
  column: i32,
  to: usize,
  begin: i32,
  end: i32,
): void {
  for (let panel = begin; panel < end; panel++) {
    let place = to + <usize> (panel * taps * depth) * PANEL_BYTES;
    for (let t = 0; t < taps; t++) {
      const tap = <i32> load<f32>(list + (<usize> t << 2));
      const from = weight + (<usize> (tap * depth * columns + panel * NR * column) << 2);
      packPanel(from, row, column, depth, min(NR, columns - panel * NR), place);
      place += <usize> depth * PANEL_BYTES;
    }
  }
}

/** Copies `rows` input rows from (d, h) on, `length` voxels from w = −border on, with zeros where there is no input. */
function gather(
  x: usize,
  d: i32,
  h: i32,
  rows: i32,
  depth: i32,
  height: i32,
  width: i32,
  channels: i32,
  border: i32,
  length: i32,
  to: usize,
): void {
  const rowBytes = <usize> (length * channels) << 2;
  const present = min(width, length - border);
  const left = <usize> (border * channels) << 2, middle = <usize> (present * channels) << 2;
  for (let r = 0; r < rows; r++) {
    const inside = d >= 0 && d < depth && h + r >= 0 && h + r < height;
    if (inside) {
      memory.fill(to, 0, left);
      memory.copy(to + left, x + (<usize> ((d * height + h + r) * width * channels) << 2), middle);
      memory.fill(to + left + middle, 0, rowBytes - left - middle);
    } else memory.fill(to, 0, rowBytes);
    to += rowBytes;
  }
}

/**
 * Blocks [begin, end) of `blockRows` output rows: y = x ⋆ weight (+ bias).
 *
 * The kernel has kd × kh × kw taps and starts `border` voxels before the output voxel times the stride. Output voxel
 * (d, h, w) is written to voxel (d, h, w)·spread + place of y, so that gradients of strided convolutions can be written
 * by classes of voxels.
 */
export function conv3dRows(
  x: usize,
  panels: usize,
  bias: usize,
  y: usize,
  depth: i32,
  height: i32,
  width: i32,
  inChannels: i32,
  outDepth: i32,
  outHeight: i32,
  outWidth: i32,
  outChannels: i32,
  kd: i32,
  kh: i32,
  kw: i32,
  borderD: i32,
  borderH: i32,
  borderW: i32,
  stride: i32,
  yDepth: i32,
  yHeight: i32,
  yWidth: i32,
  spread: i32,
  placeD: i32,
  placeH: i32,
  placeW: i32,
  blockRows: i32,
  begin: i32,
  end: i32,
): void {
  const slab = threadScratch() + BLOCK_SCRATCH_BYTES;
  const length = (outWidth - 1) * stride + kw;
  const slabRow = length * inChannels;
  const blocks = (outHeight + blockRows - 1) / blockRows;
  const steps = kw * inChannels;
  const yRow = <usize> (spread * outChannels) << 2;
  for (let unit = begin; unit < end; unit++) {
    const h = (unit % blocks) * blockRows;
    const rows = min(blockRows, outHeight - h);
    const d = (unit / blocks) % outDepth;
    const b = unit / blocks / outDepth;
    const slabRows = (rows - 1) * stride + kh;
    const sample = x + (<usize> (b * depth * height * width * inChannels) << 2);
    const firstRow = ((b * yDepth + d * spread + placeD) * yHeight + h * spread + placeH) * yWidth + placeW;
    const out = y + (<usize> (firstRow * outChannels) << 2);
    const outStep = <usize> (spread * yWidth * outChannels) << 2;
    let first = true;
    for (let z = 0; z < kd; z++) {
      const inD = d * stride + z - borderD;
      // One slice has to be visited, so that the output is written.
      if ((inD < 0 || inD >= depth) && !(z == kd - 1 && first)) continue;
      gather(sample, inD, h * stride - borderH, slabRows, depth, height, width, inChannels, borderW, length, slab);
      for (let k = 0; k < kh; k++) {
        for (let p = 0; p < steps; p += KC) {
          const part = min(KC, steps - p);
          const from = slab + (<usize> (k * slabRow + p) << 2);
          const panel = panels + <usize> ((z * kh + k) * steps + p) * PANEL_BYTES;
          for (let j = 0; j < outChannels; j += NR) {
            multiplyRows(
              from,
              stride * inChannels,
              stride * slabRow,
              rows,
              outWidth,
              panel + <usize> (j / NR * kd * kh * steps) * PANEL_BYTES,
              part,
              first && bias != 0 ? bias + (<usize> j << 2) : 0,
              out + (<usize> j << 2),
              yRow,
              outStep,
              min(NR, outChannels - j),
              !first,
            );
          }
          first = false;
        }
      }
    }
  }
}

/** One panel of output channels for all voxels of a block of rows. */
function multiplyRows(
  a: usize,
  voxel: i32,
  row: i32,
  rows: i32,
  width: i32,
  panel: usize,
  steps: i32,
  bias: usize,
  y: usize,
  yVoxel: usize,
  yRow: usize,
  columns: i32,
  add: bool,
): void {
  const tile = threadScratch();
  const voxelBytes = <usize> voxel << 2;
  for (let r = 0; r < rows; r++) {
    let from = a, to = y;
    for (let w = 0; w < width; w += MR) {
      const present = min(MR, width - w);
      if (present == MR && columns == NR) {
        tileOfRows(from, voxelBytes, 4, MR, panel, steps, bias, to, yVoxel, add);
      } else {
        tileOfRows(from, voxelBytes, 4, present, panel, steps, 0, tile, PANEL_BYTES, false);
        copyTile(tile, bias, to, yVoxel, present, columns, add);
      }
      from += <usize> MR * voxelBytes, to += <usize> MR * yVoxel;
    }
    a += <usize> row << 2, y += yRow;
  }
}

/**
 * Parts [begin, end) of the weight gradient: part = group · k + kd, each with its own `[k, k·Cin, Cout]` sums over the
 * group's share of blocks of `blockRows` output rows.
 */
export function conv3dWeightGradient(
  x: usize,
  dy: usize,
  partials: usize,
  depth: i32,
  height: i32,
  width: i32,
  inChannels: i32,
  outDepth: i32,
  outHeight: i32,
  outWidth: i32,
  outChannels: i32,
  kernel: i32,
  stride: i32,
  blockRows: i32,
  blockCount: i32,
  groups: i32,
  begin: i32,
  end: i32,
): void {
  const border = (kernel - 1) / 2;
  const length = (outWidth - 1) * stride + kernel;
  const slab = threadScratch() + BLOCK_SCRATCH_BYTES;
  const most = (blockRows - 1) * stride + kernel;
  const panels = slab + (<usize> (most * length * inChannels + 16) << 2);
  const blocks = (outHeight + blockRows - 1) / blockRows;
  const partValues = kernel * kernel * inChannels * outChannels;
  for (let unit = begin; unit < end; unit++) {
    const z = unit % kernel, group = unit / kernel;
    const out = partials + (<usize> (unit * partValues) << 2);
    let first = true;
    for (let block = group * blockCount / groups; block < (group + 1) * blockCount / groups; block++) {
      const h = (block % blocks) * blockRows;
      const rows = min(blockRows, outHeight - h);
      const d = (block / blocks) % outDepth;
      const b = block / blocks / outDepth;
      const inD = d * stride + z - border;
      if (inD < 0 || inD >= depth) continue;
      const slabRows = (rows - 1) * stride + kernel;
      const sample = x + (<usize> (b * depth * height * width * inChannels) << 2);
      gather(sample, inD, h * stride - border, slabRows, depth, height, width, inChannels, border, length, slab);
      const gradient = dy + (<usize> (((b * outDepth + d) * outHeight + h) * outWidth * outChannels) << 2);
      correlate(slab, gradient, panels, out, rows, length, inChannels, outWidth, outChannels, kernel, stride, !first);
      first = false;
    }
    if (first) memory.fill(out, 0, <usize> partValues << 2);
  }
}

/** Adds the products of a slab and the gradients of its output rows to `[k, k·Cin, Cout]`. */
function correlate(
  slab: usize,
  dy: usize,
  panels: usize,
  out: usize,
  rows: i32,
  length: i32,
  inChannels: i32,
  outWidth: i32,
  outChannels: i32,
  kernel: i32,
  stride: i32,
  add: bool,
): void {
  const m = kernel * inChannels;
  // With stride 1 the rows are one run of voxels: the gradient is 0 at the voxels between them.
  const joined = stride == 1;
  const run = joined ? length : outWidth;
  const products = joined ? 1 : rows;
  const steps = joined ? rows * length - (kernel - 1) : outWidth;
  packGradient(dy, panels, rows, outWidth, run, outChannels);
  const panelBytes = <usize> (rows * run) * PANEL_BYTES;
  const step = <usize> (stride * inChannels) << 2;
  for (let k = 0; k < kernel; k++) {
    for (let r = 0; r < products; r++) {
      const from = slab + (<usize> ((r * stride + k) * length * inChannels) << 2);
      for (let j = 0; j < outChannels; j += NR) {
        const panel = panels + <usize> (j / NR) * panelBytes + <usize> (r * run) * PANEL_BYTES;
        const to = out + (<usize> (k * m * outChannels + j) << 2);
        multiplyColumns(from, step, m, panel, steps, to, outChannels, min(NR, outChannels - j), add || r > 0);
      }
    }
  }
}

/** Panels of 16 channels of the gradient, `run` steps for each row of `outWidth` voxels. */
function packGradient(dy: usize, to: usize, rows: i32, outWidth: i32, run: i32, channels: i32): void {
  for (let j = 0; j < channels; j += NR) {
    for (let r = 0; r < rows; r++) {
      const from = dy + (<usize> (r * outWidth * channels + j) << 2);
      packPanel(from, channels, 1, outWidth, min(NR, channels - j), to);
      memory.fill(to + <usize> outWidth * PANEL_BYTES, 0, <usize> (run - outWidth) * PANEL_BYTES);
      to += <usize> run * PANEL_BYTES;
    }
  }
}

/** C `[m, columns]` (+)= Aᵀ·B for one panel; C's rows are `cRow` values apart. */
function multiplyColumns(
  a: usize,
  step: usize,
  m: i32,
  panel: usize,
  steps: i32,
  c: usize,
  cRow: i32,
  columns: i32,
  add: bool,
): void {
  const tile = threadScratch();
  const rowBytes = <usize> cRow << 2;
  for (let i = 0; i < m; i += MR) {
    const present = min(MR, m - i);
    if (present == MR && columns == NR) tileOfColumns(a, step, panel, steps, 0, c, rowBytes, add);
    else {
      tileOfColumns(a, step, panel, steps, 0, tile, PANEL_BYTES, false);
      copyTile(tile, 0, c, rowBytes, present, columns, add);
    }
    a += <usize> MR << 2, c += <usize> MR * rowBytes;
  }
}
