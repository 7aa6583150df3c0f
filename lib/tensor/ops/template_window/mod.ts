/** Windows of learnable templates, min–max normalised over the whole template. */
import { formatShape } from "../../../errors.ts";
import { defineOp, definePrimitive } from "../../op.ts";
import type { Block } from "../../op.ts";
import { expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor, Tensor5D } from "../../tf.ts";
import { gradientBySimd, windowsBySimd } from "./_simd.ts";
import { gradientByWebgpu, windowsByWebgpu } from "./_webgpu.ts";

/** Which template, and where its window starts: voxels along (d, h, w), may lie partly outside. */
export interface TemplateWindow {
  readonly template: number;
  readonly start: readonly [number, number, number];
}

type Spatial = readonly [number, number, number];
type WindowInputs = { templates: Tensor };
/** What every window has in common. */
export type WindowAttributes = {
  readonly windows: readonly TemplateWindow[];
  readonly size: Spatial;
  readonly epsilon: number;
};

/** A window's overlap with its template: first voxel in both, and how many voxels along each axis. */
function overlap(start: number, size: number, length: number): { inside: number; from: number; count: number } {
  const from = Math.max(0, -start);
  const count = Math.max(0, Math.min(size, length - start) - from);
  return { inside: start + from, from, count };
}

function reference({ templates }: WindowInputs, { windows, size, epsilon }: WindowAttributes): Tensor {
  const [, ...spatial] = shapeOf(templates);
  const volumes = tf.unstack(templates);
  const crops = windows.map(({ template, start }) => {
    const volume = volumes[template];
    const low = tf.min(volume);
    const normalised = tf.div(tf.sub(volume, low), tf.add(tf.sub(tf.max(volume), low), epsilon));
    const parts = spatial.map((length, axis) => overlap(start[axis], size[axis], length));
    if (parts.some(({ count }) => count === 0)) return tf.zeros([...size]);
    const crop = tf.slice(normalised, parts.map(({ inside }) => inside), parts.map(({ count }) => count));
    return tf.pad(crop, parts.map(({ from, count }, axis) => [from, size[axis] - from - count]));
  });
  return tf.expandDims(tf.stack(crops), -1);
}

const forward = definePrimitive<WindowInputs, WindowAttributes>({
  name: "TemplateWindow",
  composite: (inputs, attributes) => [reference(inputs, attributes)],
  plain({ templates }, { windows, size, epsilon }) {
    const data = new Float32Array(windows.length * size[0] * size[1] * size[2]);
    const ranges = new Map<number, Range>();
    forEachVoxelRow(templates.shape, { windows, size }, ({ template, source, target, count }) => {
      const { low, span } = rangeOf(templates, template, epsilon, ranges);
      for (let i = 0; i < count; i++) data[target + i] = (templates.data[source + i] - low) / span;
    });
    return [{ data, shape: [windows.length, ...size, 1] }];
  },
  simd: ({ templates }, attributes, runtime) => [windowsBySimd(templates, attributes, runtime)],
  webgpu: ({ templates }, attributes, runtime) => [windowsByWebgpu(templates, attributes, runtime)],
  cut: { along: "samples", of: ["templates"], shared: [0] },
});

const backward = definePrimitive<{ dy: Tensor; templates: Tensor }, WindowAttributes>({
  name: "TemplateWindowGradient",
  composite({ dy, templates }, { windows, size, epsilon }) {
    const [count, ...spatial] = shapeOf(templates);
    const volumes = tf.unstack(templates);
    const gradients: Tensor[][] = Array.from({ length: count }, (_, k) => [tf.zerosLike(volumes[k])]);
    const dCrops = tf.unstack(tf.reshape(dy, [windows.length, ...size]));
    windows.forEach(({ template, start }, index) => {
      const volume = volumes[template];
      const parts = spatial.map((length, axis) => overlap(start[axis], size[axis], length));
      if (parts.some((part) => part.count === 0)) return;
      const inner = tf.slice(dCrops[index], parts.map(({ from }) => from), parts.map((part) => part.count));
      const g = tf.pad(inner, parts.map((part, axis) => [part.inside, spatial[axis] - part.inside - part.count]));
      const low = tf.min(volume), high = tf.max(volume);
      const span = tf.add(tf.sub(high, low), epsilon);
      const y = tf.div(tf.sub(volume, low), span);
      const dLow = tf.div(tf.sum(tf.mul(g, tf.sub(y, 1))), span);
      const dHigh = tf.div(tf.neg(tf.sum(tf.mul(g, y))), span);
      const share = (extreme: Tensor, gradient: Tensor): Tensor => {
        const ties = tf.cast(tf.equal(volume, extreme), "float32");
        return tf.mul(ties, tf.div(gradient, tf.sum(ties)));
      };
      gradients[template].push(tf.div(g, span), share(low, dLow), share(high, dHigh));
    });
    return [tf.stack(gradients.map((terms) => tf.addN(terms)))];
  },
  plain({ dy, templates }, { windows, size, epsilon }) {
    const data = new Float32Array(templates.data.length);
    const ranges = new Map<number, Range>();
    forEachVoxelRow(templates.shape, { windows, size }, ({ template, source, target, count }) => {
      const range = rangeOf(templates, template, epsilon, ranges);
      for (let i = 0; i < count; i++) {
        const g = dy.data[target + i] / range.span;
        const y = (templates.data[source + i] - range.low) / range.span;
        data[source + i] += g;
        range.dLow += g * (y - 1);
        range.dHigh -= g * y;
      }
    });
    for (const [template, range] of ranges) spreadToExtremes(data, templates, template, range);
    return [{ data, shape: templates.shape }];
  },
  simd: (arrays, attributes, runtime) => [gradientBySimd(arrays, attributes, runtime)],
  webgpu: (arrays, attributes, runtime) => [gradientByWebgpu(arrays, attributes, runtime)],
  cut: { along: "samples", of: ["templates"] },
});

/** Extremes of one template, their number of ties, and the gradient that flows into them. */
interface Range {
  readonly low: number;
  readonly high: number;
  readonly span: number;
  dLow: number;
  dHigh: number;
}

function rangeOf(templates: Block, template: number, epsilon: number, known: Map<number, Range>): Range {
  const found = known.get(template);
  if (found) return found;
  let low = Infinity, high = -Infinity;
  const length = templates.data.length / templates.shape[0];
  for (let i = template * length; i < (template + 1) * length; i++) {
    const value = templates.data[i];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const range = { low, high, span: high - low + epsilon, dLow: 0, dHigh: 0 };
  known.set(template, range);
  return range;
}

/** Minimum and maximum pass their gradient on evenly among all voxels that hold them, as PyTorch does. */
function spreadToExtremes(gradient: Float32Array, templates: Block, template: number, range: Range): void {
  const length = templates.data.length / templates.shape[0];
  let lows = 0, highs = 0;
  for (let i = template * length; i < (template + 1) * length; i++) {
    if (templates.data[i] === range.low) lows++;
    if (templates.data[i] === range.high) highs++;
  }
  for (let i = template * length; i < (template + 1) * length; i++) {
    if (templates.data[i] === range.low) gradient[i] += range.dLow / lows;
    if (templates.data[i] === range.high) gradient[i] += range.dHigh / highs;
  }
}

interface VoxelRow {
  readonly template: number;
  /** First value of the row in the templates and in the windows. */
  readonly source: number;
  readonly target: number;
  readonly count: number;
}

function forEachVoxelRow(
  [, depth, height, width]: readonly number[],
  { windows, size }: { windows: readonly TemplateWindow[]; size: Spatial },
  visit: (row: VoxelRow) => void,
): void {
  windows.forEach(({ template, start }, index) => {
    const d = overlap(start[0], size[0], depth);
    const h = overlap(start[1], size[1], height);
    const w = overlap(start[2], size[2], width);
    if (w.count === 0) return;
    for (let i = 0; i < d.count; i++) {
      for (let j = 0; j < h.count; j++) {
        const source = ((template * depth + d.inside + i) * height + h.inside + j) * width + w.inside;
        const target = ((index * size[0] + d.from + i) * size[1] + h.from + j) * size[2] + w.from;
        visit({ template, source, target, count: w.count });
      }
    }
  });
}

/** The op behind {@linkcode templateWindow}. */
export const templateWindowOp = defineOp<WindowInputs, WindowAttributes>({
  name: "templateWindow",
  differentiable: ["templates"],
  validate({ templates }, { windows }) {
    const shape = shapeOf(templates);
    expectShape("templateWindow", "templates", { actual: shape, expected: [null, null, null, null] });
    for (const { template } of windows) {
      if (!(Number.isInteger(template) && template >= 0 && template < shape[0])) {
        const given = `template ${template} of ${formatShape(shape)}`;
        throw new RangeError(`Cannot apply templateWindow: expected an index below ${shape[0]}, got ${given}`);
      }
    }
  },
  reference,
  forward: (inputs, attributes) => ({ output: forward(inputs, attributes)[0], saved: [inputs.templates] }),
  backward: (dy, [templates], attributes) => backward({ dy, templates }, attributes),
});

/**
 * Cuts windows out of templates that are min–max normalised over their whole volume: (T − min)/(max − min + ε).
 *
 * Voxels outside the template are 0. Gradients flow into the window's voxels and, through the normalisation, into the
 * template's minimum and maximum, shared evenly among ties.
 *
 * Shapes: templates `[K, D, H, W]`, one window per sample → `[B, d, h, w, 1]`.
 *
 * @throws {TypeError | RangeError} when templates are not 4-D or a window names a template that does not exist
 * @see BrainMVP, arXiv 2410.10604, modal data distillation
 */
export function templateWindow(
  templates: Tensor,
  attributes: { windows: readonly TemplateWindow[]; size: Spatial; epsilon: number },
): Tensor5D {
  return templateWindowOp({ templates }, attributes) as Tensor5D;
}
