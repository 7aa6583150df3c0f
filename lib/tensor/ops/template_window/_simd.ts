/** Template windows by kernels: whole templates are read and written in pieces that threads share, windows by slices. */
import type { SimdArray, SimdRuntime } from "../../simd/runtime.ts";
import type { TemplateWindow, WindowAttributes } from "./mod.ts";

/** Voxels of a piece. */
const PIECE = 16384;

/** One template in the heap and what its values span. */
interface Template {
  readonly pointer: number;
  readonly length: number;
  /** Minimum and maximum of every piece. */
  readonly extremes: number;
  readonly low: number;
  readonly high: number;
  readonly span: number;
}

/** Windows `[B, d, h, w, 1]` of templates `[K, D, H, W]`. */
export function windowsBySimd(
  templates: SimdArray,
  { windows, size, epsilon }: WindowAttributes,
  runtime: SimdRuntime,
): SimdArray {
  const out = runtime.output([windows.length, ...size, 1]);
  const known = templatesOf(templates, { indices: indicesOf(windows), epsilon }, runtime);
  windows.forEach((window, index) => {
    const { pointer, low, span } = known.get(window.template)!;
    const to = out.pointer + 4 * index * size[0] * size[1] * size[2];
    const args = [pointer, to, low, span, ...placeOf(templates, window), size[1], size[2]];
    runtime.run("templateWindow", { units: size[0], grain: sliceGrain(size) }, args);
  });
  return out;
}

/** Gradient `[K, D, H, W]`. */
export function gradientBySimd(
  { dy, templates }: { dy: SimdArray; templates: SimdArray },
  { windows, size, epsilon }: WindowAttributes,
  runtime: SimdRuntime,
): SimdArray {
  const dx = runtime.output(templates.shape);
  runtime.run("templateZeros", piecesOf(dx.length), [dx.pointer, dx.length, PIECE]);
  const scratch = runtime.scratch(4 * size[0]);
  const flows = new Float64Array(scratch.data.buffer, scratch.pointer, 2 * size[0]);
  for (const [index, template] of templatesOf(templates, { indices: indicesOf(windows), epsilon }, runtime)) {
    const { pointer, low, span } = template;
    const target = dx.pointer + pointer - templates.pointer;
    let dLow = 0, dHigh = 0;
    windows.forEach((window, i) => {
      if (window.template !== index) return;
      const from = dy.pointer + 4 * i * size[0] * size[1] * size[2];
      const place = placeOf(templates, window);
      const args = [pointer, from, target, scratch.pointer, low, span, ...place, size[1], size[2]];
      // Windows of one template may overlap: one after the other.
      runtime.run("templateWindowGradient", { units: size[0], grain: sliceGrain(size) }, args);
      for (let slice = 0; slice < size[0]; slice++) dLow += flows[2 * slice], dHigh += flows[2 * slice + 1];
    });
    shareAmongTies({ template, target, dLow, dHigh }, runtime);
  }
  return dx;
}

/** Templates that a window names. */
function indicesOf(windows: readonly TemplateWindow[]): number[] {
  return [...new Set(windows.map(({ template }) => template))];
}

/** Extremes of some templates. */
export function templatesOf(
  templates: SimdArray,
  { indices, epsilon }: { indices: readonly number[]; epsilon: number },
  runtime: SimdRuntime,
): Map<number, Template> {
  const length = templates.length / templates.shape[0];
  const range = piecesOf(length);
  return new Map(indices.map((index) => {
    const pointer = templates.pointer + 4 * index * length;
    const extremes = runtime.scratch(2 * range.units);
    runtime.run("templateExtremes", range, [pointer, extremes.pointer, length, PIECE]);
    let low = Infinity, high = -Infinity;
    for (let i = 0; i < extremes.length; i += 2) {
      low = Math.min(low, extremes.data[i]);
      high = Math.max(high, extremes.data[i + 1]);
    }
    return [index, { pointer, length, extremes: extremes.pointer, low, high, span: high - low + epsilon }];
  }));
}

/** Minimum and maximum pass their gradient on evenly among all voxels that hold them, as PyTorch does. */
function shareAmongTies(
  { template, target, dLow, dHigh }: { template: Template; target: number; dLow: number; dHigh: number },
  runtime: SimdRuntime,
): void {
  const { pointer, length, extremes, low, high } = template;
  const range = piecesOf(length);
  const scratch = runtime.scratch(2 * range.units);
  runtime.run("templateTies", range, [pointer, extremes, scratch.pointer, low, high, length, PIECE]);
  const counts = new Int32Array(scratch.data.buffer, scratch.pointer, scratch.length);
  let lows = 0, highs = 0;
  for (let i = 0; i < counts.length; i += 2) lows += counts[i], highs += counts[i + 1];
  const shares = [dLow / lows, dHigh / highs];
  runtime.run("templateShares", range, [pointer, target, extremes, low, high, ...shares, length, PIECE]);
}

/** Size of the templates and start of a window, both along (d, h, w). */
function placeOf({ shape: [, depth, height, width] }: SimdArray, { start }: TemplateWindow): number[] {
  return [depth, height, width, ...start];
}

function piecesOf(length: number): { units: number; grain: number } {
  return { units: Math.ceil(length / PIECE), grain: 1 };
}

/** Slices that a thread takes at a time. */
function sliceGrain([, height, width]: WindowAttributes["size"]): number {
  return Math.max(1, Math.floor(PIECE / (height * width)));
}
