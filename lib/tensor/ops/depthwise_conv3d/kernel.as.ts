/**
 * Depthwise convolution and its weight gradient.
 *
 * The output is cut into boxes, and channels into blocks of 16. A unit of work is one box of one block: the thread copies
 * the input planes it needs into its scratch, as two strips of 8 channels with zeros left and right, and keeps the last k
 * of them (a ring) while it goes through the box plane by plane. So every input value is read from far away about once, all
 * inner loops run over dense memory without a border, and planes and rows outside the volume are skipped.
 *
 * Tried on a Zen 4 machine, one thread, GFLOP/s with 256-bit pairs / without, data in the second-level cache:
 * - sums of T voxels × 8 channels, all taps of a row unrolled: k = 5, T = 4: 62 / 35, 8: 75 / 41, 10: 90 / 43, 12: 100 / 43,
 *   16: 105 / 45; k = 3, T = 4: 68 / 32, 6: 84 / 38, 8: 97 / 41, 9: 105 / 43, 10: 79 / 44, 12: 85 / 45. Taken: 12 and 4,
 *   8 and 4, which fill rows of 48, 24, 16 and 12; sums of 4 channels instead of 8 gain nothing without pairs (39)
 * - taps in a loop, T = 8: k = 5: 88 / 28, k = 3: 69 / 19. Kept for all other k
 * - weight gradient, rows of taps × taps × voxels a step: 2×5×1 93 / 27, 2×5×2 111 / 39, 2×5×4 83 / 47, 3×5×2 87 / 42,
 *   1×5×4 72 / 42 (its five sums wait for one another), 3×3×1 91 / 31, 3×3×2 107 / 41, 3×3×4 75 / 45
 * - the rest is memory: at 48³, 64 channels, packing takes 3 of 26 ms and stores to y, 64 of every 256 bytes, about 5.
 *   Packing both strips in one pass: 12 GB/s instead of 8, in a loop of its own. No gain: smaller boxes, blocks of channels
 *   inside boxes, 32 channels a block, tiles along W first, y written through a buffer a whole cache line at a time
 */
import { threadScratch } from "../../simd/thread.as.ts";
import { correlate1x5, correlate2x5, correlate3x3, correlateAny } from "./correlate.as.ts";
import { tile3x4, tile3x8, tile5x12, tile5x4, tileAny } from "./tile.as.ts";

/** Channels of a block, and bytes of a packed voxel: 8 channels. */
const BLOCK: i32 = 16;
const VOXEL: usize = 32;
/** Voxels of the widest tile. */
const MOST: i32 = 12;
/** Rows of dy whose products are summed before the next taps: they stay in the first-level cache meanwhile. */
const ROWS: i32 = 4;

// Sizes of the call in progress; every thread has its own instance of the module.
let depth: i32 = 0, height: i32 = 0, width: i32 = 0, channels: i32 = 0, kernel: i32 = 0, radius: i32 = 0;
let boxDepth: i32 = 0, boxHeight: i32 = 0, boxWidth: i32 = 0;
/** Boxes along D, H and W. */
let boxesD: i32 = 0, boxesH: i32 = 0, boxesW: i32 = 0;

// Places in the thread's scratch.
let tileAt: usize = 0, planesAt: usize = 0, biasAt: usize = 0, tapsAt: usize = 0, dyAt: usize = 0, ringAt: usize = 0;
/** Bytes of a packed row and plane of x, of all taps, and of a packed row and plane of dy: of one strip each. */
let rowBytes: usize = 0, planeBytes: usize = 0, tapBytes: usize = 0, dyRowBytes: usize = 0, dyPlaneBytes: usize = 0;
/** Planes in the ring. */
let slots: i32 = 0;

// The box in work: its image, and its voxels [d0, d1) × [h0, h1) × [w0, w1).
let image: i32 = 0, d0: i32 = 0, d1: i32 = 0, h0: i32 = 0, h1: i32 = 0, w0: i32 = 0, w1: i32 = 0;
/** The block's first channel, and how many it has. */
let firstChannel: i32 = 0, present: i32 = 0;

function setSizes(d: i32, h: i32, w: i32, c: i32, k: i32, boxD: i32, boxH: i32, boxW: i32): void {
  depth = d, height = h, width = w, channels = c, kernel = k, radius = k / 2;
  boxDepth = boxD, boxHeight = boxH, boxWidth = boxW;
  boxesD = (d + boxD - 1) / boxD, boxesH = (h + boxH - 1) / boxH, boxesW = (w + boxW - 1) / boxW;
  const columns = (boxW + 7) & ~7;
  slots = min(k, d);
  rowBytes = <usize> (columns + k - 1) * VOXEL, planeBytes = <usize> (boxH + k - 1) * rowBytes;
  dyRowBytes = <usize> columns * VOXEL, dyPlaneBytes = <usize> boxH * dyRowBytes;
  tapBytes = <usize> (k * k * k) * VOXEL;
  tileAt = threadScratch();
  biasAt = tileAt + <usize> MOST * VOXEL, planesAt = biasAt + 2 * VOXEL;
  tapsAt = planesAt + (<usize> ((k + 15) & ~15) << 2);
  dyAt = tapsAt + 2 * tapBytes, ringAt = dyAt + 2 * dyPlaneBytes;
}

function openBlock(block: i32): void {
  firstChannel = block * BLOCK;
  present = min(BLOCK, channels - firstChannel);
}

function openBox(box: i32): void {
  w0 = box % boxesW * boxWidth, w1 = min(width, w0 + boxWidth);
  box /= boxesW;
  h0 = box % boxesH * boxHeight, h1 = min(height, h0 + boxHeight);
  box /= boxesH;
  d0 = box % boxesD * boxDepth, d1 = min(depth, d0 + boxDepth);
  image = box / boxesD;
}

/** Address of the block's values at a voxel of the box's image. */
function place(tensor: usize, d: i32, h: i32, w: i32): usize {
  return tensor + (<usize> ((((image * depth + d) * height + h) * width + w) * channels + firstChannel) << 2);
}

/** n voxels of 8 channels, `step` bytes apart, to dense ones; the next 8 channels to `apart` bytes further, if there. */
function pack(from: usize, step: usize, n: i32, to: usize, apart: usize): void {
  if (present > 8) {
    for (let i = 0; i < n; i++) {
      const a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32), d = v128.load(from, 48);
      v128.store(to, a), v128.store(to, b, 16);
      v128.store(to + apart, c), v128.store(to + apart, d, 16);
      from += step, to += VOXEL;
    }
    return;
  }
  for (let i = 0; i < n; i++) {
    const a = v128.load(from), b = v128.load(from, 16);
    v128.store(to, a), v128.store(to, b, 16);
    from += step, to += VOXEL;
  }
}

function packZeros(n: i32, to: usize, apart: usize): void {
  const zero = f32x4.splat(0);
  for (let i = 0; i < n; i++) {
    v128.store(to, zero), v128.store(to, zero, 16);
    if (present > 8) v128.store(to + apart, zero), v128.store(to + apart, zero, 16);
    to += VOXEL;
  }
}

/** Voxels [begin, end) of a row of a tensor, with zeros outside [first, last). */
function packRow(
  tensor: usize,
  d: i32,
  h: i32,
  begin: i32,
  end: i32,
  first: i32,
  last: i32,
  to: usize,
  apart: usize,
): void {
  const from = max(begin, first), until = max(from, min(end, last));
  packZeros(from - begin, to, apart);
  to += <usize> (from - begin) * VOXEL;
  pack(place(tensor, d, h, from), <usize> channels << 2, until - from, to, apart);
  packZeros(end - until, to + <usize> (until - from) * VOXEL, apart);
}

/** Puts plane d of x into its slot; rows outside the volume are left as they are, or zero. */
function packPlane(x: usize, d: i32, border: bool): void {
  const first = h0 - radius, begin = w0 - radius, end = w0 + ((w1 - w0 + 7) & ~7) + radius;
  const slot = ringAt + <usize> (d % slots * 2) * planeBytes;
  for (let h = first; h < h1 + radius; h++) {
    const to = slot + <usize> (h - first) * rowBytes;
    if (h >= 0 && h < height) packRow(x, d, h, begin, end, 0, width, to, planeBytes);
    else if (border) packZeros(end - begin, to, planeBytes);
  }
}

/**
 * y = x ⋆ weight (+ bias) for units [begin, end): unit = block · boxes + box.
 *
 * @param bias address of C values, or 0
 * @param turned take the kernel turned by 180° about every axis, as the input gradient does
 * @param boxD size of a box of output voxels; `boxOf` in _simd.ts sees to it that the scratch is enough
 */
export function depthwiseForward(
  x: usize,
  weight: usize,
  bias: usize,
  turned: bool,
  y: usize,
  batch: i32,
  d: i32,
  h: i32,
  w: i32,
  c: i32,
  k: i32,
  boxD: i32,
  boxH: i32,
  boxW: i32,
  begin: i32,
  end: i32,
): void {
  setSizes(d, h, w, c, k, boxD, boxH, boxW);
  const boxes = batch * boxesD * boxesH * boxesW;
  for (let unit = begin; unit < end; unit++) {
    openBlock(unit / boxes);
    if (unit == begin || unit % boxes == 0) packWeights(weight, bias, turned);
    openBox(unit % boxes);
    let next = max(0, d0 - radius);
    for (let plane = d0; plane < d1; plane++) {
      for (; next < min(depth, plane + radius + 1); next++) packPlane(x, next, false);
      convolvePlane(y, plane);
    }
  }
}

function packWeights(weight: usize, bias: usize, turned: bool): void {
  const taps = kernel * kernel * kernel;
  const step = <usize> channels << 2, at = <usize> firstChannel << 2;
  if (turned) pack(weight + at + <usize> (taps - 1) * step, 0 - step, taps, tapsAt, tapBytes);
  else pack(weight + at, step, taps, tapsAt, tapBytes);
  if (bias != 0) pack(bias + at, step, 1, biasAt, VOXEL);
  else packZeros(1, biasAt, VOXEL);
}

/** Lists the addresses of the planes that the kernel sees from plane d, and returns how many there are. */
function listPlanes(d: i32): i32 {
  const first = max(0, d - radius), last = min(depth - 1, d + radius);
  for (let i = first; i <= last; i++) {
    store<usize>(planesAt + (<usize> (i - first) << 2), ringAt + <usize> (i % slots * 2) * planeBytes);
  }
  return last - first + 1;
}

/** Columns of tiles go down the plane, so that most of their input is in the first-level cache. */
function convolvePlane(y: usize, d: i32): void {
  const planes = listPlanes(d);
  for (let w = w0; w < w1;) {
    const tile = tileWidth(w1 - w);
    for (let strip = 0; strip * 8 < present; strip++) convolveColumn(y, d, w, tile, strip, planes);
    w += tile;
  }
}

/** The tile for the rest of a row. */
function tileWidth(rest: i32): i32 {
  if (kernel == 3) return rest > 4 ? 8 : 4;
  if (kernel == 5) return rest > 8 ? 12 : 4;
  return 8;
}

function convolveColumn(y: usize, d: i32, w: i32, tile: i32, strip: i32, planes: i32): void {
  const step = <usize> channels << 2;
  const columns = min(tile, w1 - w), lanes = min(8, present - strip * 8);
  const whole = columns == tile && lanes == 8;
  const bias = biasAt + <usize> strip * VOXEL;
  const taps = tapsAt + <usize> strip * tapBytes + <usize> (max(0, radius - d) * kernel * kernel) * VOXEL;
  const column = <usize> strip * planeBytes + <usize> (w - w0) * VOXEL;
  for (let h = h0; h < h1; h++) {
    const first = max(0, radius - h), rows = min(kernel, height + radius - h) - first;
    const offset = column + <usize> (h + first - h0) * rowBytes;
    const weights = taps + <usize> (first * kernel) * VOXEL, skip = <usize> ((kernel - rows) * kernel) * VOXEL;
    const out = place(y, d, h, w) + <usize> strip * VOXEL;
    const to = whole ? out : tileAt, toStep = whole ? step : VOXEL;
    if (kernel == 5) {
      if (tile == 12) tile5x12(planesAt, offset, rowBytes, weights, skip, planes, rows, bias, to, toStep);
      else tile5x4(planesAt, offset, rowBytes, weights, skip, planes, rows, bias, to, toStep);
    } else if (kernel == 3) {
      if (tile == 8) tile3x8(planesAt, offset, rowBytes, weights, skip, planes, rows, bias, to, toStep);
      else tile3x4(planesAt, offset, rowBytes, weights, skip, planes, rows, bias, to, toStep);
    } else tileAny(planesAt, offset, rowBytes, weights, skip, planes, rows, kernel, bias, to, toStep);
    if (!whole) unpack(tileAt, columns, lanes, out, step);
  }
}

/** n packed voxels to places `step` bytes apart, the first `lanes` channels of each. */
function unpack(from: usize, n: i32, lanes: i32, to: usize, step: usize): void {
  for (let i = 0; i < n; i++) {
    if (lanes == 8) {
      v128.store(to, v128.load(from)), v128.store(to, v128.load(from, 16), 16);
    } else {
      for (let lane = 0; lane < lanes; lane++) {
        store<f32>(to + (<usize> lane << 2), load<f32>(from + (<usize> lane << 2)));
      }
    }
    from += VOXEL, to += step;
  }
}

/**
 * partials[group] `[k, k, k, C]` = Σ over the group's boxes of x[v + tap]·dy[v], for units [begin, end): unit = block ·
 * groups + group. Boxes as in {@link depthwiseForward}.
 */
export function depthwiseWeightGradient(
  x: usize,
  dy: usize,
  partials: usize,
  groups: i32,
  batch: i32,
  d: i32,
  h: i32,
  w: i32,
  c: i32,
  k: i32,
  boxD: i32,
  boxH: i32,
  boxW: i32,
  begin: i32,
  end: i32,
): void {
  setSizes(d, h, w, c, k, boxD, boxH, boxW);
  const boxes = batch * boxesD * boxesH * boxesW, taps = k * k * k;
  for (let unit = begin; unit < end; unit++) {
    openBlock(unit / groups);
    const group = unit % groups;
    packZeros(taps, tapsAt, tapBytes);
    for (let box = group * boxes / groups; box < (group + 1) * boxes / groups; box++) correlateBox(x, dy, box);
    for (let strip = 0; strip * 8 < present; strip++) {
      const to = partials + (<usize> (group * taps * channels + firstChannel) << 2) + <usize> strip * VOXEL;
      unpack(tapsAt + <usize> strip * tapBytes, taps, min(8, present - strip * 8), to, <usize> channels << 2);
    }
  }
}

function correlateBox(x: usize, dy: usize, box: i32): void {
  openBox(box);
  let next = max(0, d0 - radius);
  for (let d = d0; d < d1; d++) {
    for (; next < min(depth, d + radius + 1); next++) packPlane(x, next, true);
    packGradient(dy, d);
    const planes = listPlanes(d), firstTap = max(0, radius - d);
    for (let strip = 0; strip * 8 < present; strip++) {
      for (let h = h0; h < h1; h += ROWS) {
        for (let i = 0; i < planes; i++) {
          const plane = load<usize>(planesAt + (<usize> i << 2)) + <usize> strip * planeBytes;
          const sums = tapsAt + <usize> strip * tapBytes + <usize> ((firstTap + i) * kernel * kernel) * VOXEL;
          correlateRows(plane, dyAt + <usize> strip * dyPlaneBytes, h, min(h1, h + ROWS), sums);
        }
      }
    }
  }
}

function packGradient(dy: usize, d: i32): void {
  const end = w0 + ((w1 - w0 + 7) & ~7);
  for (let h = h0; h < h1; h++) {
    packRow(dy, d, h, w0, end, w0, w1, dyAt + <usize> (h - h0) * dyRowBytes, dyPlaneBytes);
  }
}

/** Rows [begin, end) of dy with one plane of x, for all rows of the kernel. */
function correlateRows(plane: usize, dyPlane: usize, begin: i32, end: i32, sums: usize): void {
  const columns = w1 - w0;
  for (let row = 0; row < kernel;) {
    const together = kernel == 3 ? 3 : kernel == 5 && row < 4 ? 2 : 1;
    // Rows of dy from which the kernel rows see nothing but zeros are left out.
    const first = max(begin, radius - row - together + 1), count = min(end, height + radius - row) - first;
    const from = plane + <usize> (first + row - h0) * rowBytes, dy = dyPlane + <usize> (first - h0) * dyRowBytes;
    const to = sums + <usize> (row * kernel) * VOXEL;
    if (kernel == 3) correlate3x3(from, rowBytes, dy, dyRowBytes, count, columns, to);
    else if (together == 2) correlate2x5(from, rowBytes, dy, dyRowBytes, count, columns, to);
    else if (kernel == 5) correlate1x5(from, rowBytes, dy, dyRowBytes, count, columns, to);
    else correlateAny(from, rowBytes, dy, dyRowBytes, count, columns, kernel, to);
    row += together;
  }
}
