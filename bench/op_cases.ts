/** The hot operations of both official backbones, at the shapes they have in training: one crop, two views. */
import { sizeOf } from "../lib/tensor/mod.ts";
import type { OpCase } from "../lib/tensor/op.ts";

/** One operation at one shape. */
export interface BenchCase extends OpCase {
  /** Name in the table of operations, or in `EXTRA_OPERATIONS`. */
  readonly op: string;
  /** Bytes that must be moved, where it is not every input and output once. */
  readonly bytes?: Partial<Record<"forward" | "backward", number>>;
}

/** Views of a crop go through the network together. */
const VIEWS = 2;

type Shapes = Readonly<Record<string, readonly number[]>>;

/** `[2, n, n, n, channels]`. */
function grid(n: number, channels: number): number[] {
  return [VIEWS, n, n, n, channels];
}

/** An operation whose time is decided by how much memory it moves. */
function light(op: string, title: string, shapes: Shapes, attributes: OpCase["attributes"] = {}): BenchCase {
  return { op, title, shapes, attributes, flops: 0 };
}

/** Parts of a network at an edge of `size` voxels; the UniFormer's four stages have 1/2 … 1/16 of it. */
class Sizes {
  readonly full: number;
  readonly stages: readonly number[];

  constructor(size: number) {
    this.full = size;
    this.stages = [2, 4, 8, 16].map((divisor) => size / divisor);
  }
}

/** [edge, inputs, outputs, where, whether there is a bias] of every token-wise product. */
function linearCases({ full, stages: [s1, s2, s3, s4] }: Sizes): BenchCase[] {
  const layers: readonly (readonly [number, number, number, string, boolean])[] = [
    [s1, 8, 64, "patch 1", true],
    [s1, 64, 64, "conv 1×1 of stage 1", true],
    [s1, 64, 256, "MLP of stage 1", true],
    [s1, 256, 64, "MLP of stage 1", true],
    [s2, 512, 128, "patch 2", true],
    [s2, 128, 128, "conv 1×1 of stage 2", true],
    [s2, 128, 512, "MLP of stage 2", true],
    [s2, 512, 128, "MLP of stage 2", true],
    [s3, 1024, 320, "patch 3", true],
    [s3, 320, 960, "qkv of stage 3", true],
    [s3, 320, 320, "projection of stage 3", true],
    [s3, 320, 1280, "MLP of stage 3", true],
    [s3, 1280, 320, "MLP of stage 3", true],
    [s4, 2560, 512, "patch 4", true],
    [s4, 512, 1536, "qkv of stage 4", true],
    [s4, 512, 512, "projection of stage 4", true],
    [s4, 512, 2048, "MLP of stage 4", true],
    [s4, 2048, 512, "MLP of stage 4", true],
    [s4, 512, 8 * 320, "decoder 5", false],
    [s3, 320, 8 * 128, "decoder 4", false],
    [s2, 128, 8 * 64, "decoder 3", false],
    [s1, 64, 8 * 64, "decoder 2", false],
    [full, 64, 1, "decoder's output", true],
    [s3, 320, 512, "decoders 4 to 2 and output in one", false],
    [s3, 256, 128, "UNET3D up 4", true],
    [s2, 128, 64, "UNET3D up 3", true],
    [s1, 64, 32, "UNET3D up 2", true],
    [full, 32, 1, "UNET3D's output", true],
  ];
  return layers.map(([n, inputs, outputs, where, hasBias]) => {
    const tokens = VIEWS * n ** 3;
    const bias: Shapes = hasBias ? { bias: [outputs] } : {};
    return {
      op: "linear",
      title: `${tokens} × ${inputs} → ${outputs}, ${where}`,
      shapes: { x: [tokens, inputs], weight: [inputs, outputs], ...bias },
      attributes: {},
      flops: 2 * tokens * inputs * outputs,
    };
  });
}

/** Two layers with a GELU between them, at the UniFormer's four stages. */
function mlpCases({ stages }: Sizes): BenchCase[] {
  return [64, 128, 320, 512].map((channels, i) => {
    const tokens = VIEWS * stages[i] ** 3;
    const hidden = 4 * channels;
    const first = { weight1: [channels, hidden], bias1: [hidden] };
    const second = { weight2: [hidden, channels], bias2: [channels] };
    return {
      op: "mlp",
      title: `${tokens} × ${channels} → ${hidden} → ${channels}`,
      shapes: { x: [tokens, channels], ...first, ...second },
      attributes: {},
      flops: 2 * 2 * tokens * channels * hidden,
    };
  });
}

/** A square product, the yardstick of matrix libraries. */
function productCase({ full }: Sizes): BenchCase {
  const n = Math.round(2048 * full / 96);
  const shapes = { x: [n, n], weight: [n, n] };
  return { op: "linear", title: `${n} × ${n} → ${n}, square product`, shapes, attributes: {}, flops: 2 * n ** 3 };
}

function conv3dCases({ full, stages: [s1, s2, s3] }: Sizes): BenchCase[] {
  const layers = [
    [full, 1, 32, 1],
    [full, 32, 32, 1],
    [s1, 64, 64, 1],
    [s2, 128, 128, 1],
    [s3, 256, 256, 1],
    [full, 32, 64, 2],
    [s1, 64, 128, 2],
    [s2, 128, 256, 2],
  ];
  return layers.map(([n, inputs, outputs, stride]) => ({
    op: "conv3d",
    title: `3³ ${inputs} → ${outputs}, ${n}³${stride > 1 ? `, stride ${stride}` : ""}`,
    shapes: { x: grid(n, inputs), weight: [3, 3, 3, inputs, outputs], bias: [outputs] },
    attributes: { stride },
    flops: 2 * VIEWS * Math.ceil(n / stride) ** 3 * 27 * inputs * outputs,
  }));
}

function depthwiseCases({ stages: [s1, s2, s3, s4] }: Sizes): BenchCase[] {
  const layers = [[3, s1, 64], [5, s1, 64], [3, s2, 128], [5, s2, 128], [3, s3, 320], [3, s4, 512]];
  return layers.map(([kernel, n, channels]) => ({
    op: "depthwiseConv3d",
    title: `${kernel}³ ${channels} channels, ${n}³`,
    shapes: { x: grid(n, channels), weight: [kernel, kernel, kernel, channels], bias: [channels] },
    attributes: {},
    flops: 2 * VIEWS * n ** 3 * channels * kernel ** 3,
  }));
}

function attentionCases({ stages: [, , s3, s4] }: Sizes): BenchCase[] {
  return [[s3 ** 3, 5], [s4 ** 3, 8]].map(([tokens, heads]) => ({
    op: "selfAttention",
    title: `${tokens} tokens × ${heads} heads × 64`,
    shapes: { qkv: [VIEWS, tokens, 3 * 64 * heads] },
    attributes: { heads, scale: 0.125 },
    flops: 4 * VIEWS * tokens ** 2 * 64 * heads,
  }));
}

function normCases({ full, stages: [s1, s2, s3, s4] }: Sizes): BenchCase[] {
  const norm = (op: string, attributes: OpCase["attributes"], note = "") => ([n, channels]: number[]): BenchCase => {
    const shapes = { x: grid(n, channels), scale: [channels], bias: [channels] };
    return light(op, `${channels} channels, ${n}³${note}`, shapes, attributes);
  };
  const group = { groups: 8, epsilon: 1e-5, activation: "relu" };
  return [
    ...[[s1, 64], [s2, 128], [s4, 512]].map(norm("batchNorm", { epsilon: 1e-5 })),
    ...[[full, 32], [s1, 64], [s2, 128], [s3, 256]].map(norm("groupNorm", group, ", with ReLU")),
    ...[[s1, 64], [s2, 128], [s3, 320], [s4, 512]].map(norm("layerNorm", { epsilon: 1e-6 })),
  ];
}

function elementwiseCases({ full, stages: [s1, s2, s3, s4] }: Sizes): BenchCase[] {
  const title = (n: number, channels: number): string => `${channels} channels, ${n}³`;
  const gelus = [[s1, 256], [s2, 512], [s3, 1280], [s4, 2048]];
  return [
    ...gelus.map(([n, channels]) => light("gelu", title(n, channels), { x: grid(n, channels) })),
    ...[[full, 32], [s1, 64]].map(([n, c]) => light("relu", title(n, c), { x: grid(n, c) })),
    ...[[full, 32], [s1, 64]].map(([n, c]) => light("add", title(n, c), { a: grid(n, c), b: grid(n, c) })),
  ];
}

function movementCases({ full, stages: [s1, s2, s3, s4] }: Sizes): BenchCase[] {
  const simple = (op: string) => ([n, channels]: number[]): BenchCase =>
    light(op, `${channels} channels, ${n}³`, { x: grid(n, channels) });
  return [
    ...[[full, 1], [s1, 64], [s2, 128], [s3, 320]].map(simple("spaceToDepth3d")),
    ...[[s4, 2560], [s3, 1024], [s2, 512], [s1, 512]].map(simple("depthToSpace3d")),
    ...[[s3, 128], [s2, 64], [s1, 32]].map(simple("upsampleNearest")),
  ];
}

/** What happens to voxels and templates around the network. */
function viewCases({ full }: Sizes): BenchCase[] {
  const crop = [1, full, full, full, 1];
  const volume = [240, 240, 155].map((length) => Math.ceil(length * full / 96));
  const templates = [8, volume[2], volume[1], volume[0]];
  const start = volume.map((length) => Math.floor((length - full) / 2)).reverse();
  const attributes = { windows: [{ template: 0, start }], size: [full, full, full], epsilon: 1e-9 };
  const window: BenchCase = {
    ...light("templateWindow", `${full}³ of 8 × ${volume.join(" × ")}`, { templates }, attributes),
    // The forward pass looks at one template only; the gradient has the size of all.
    bytes: { forward: 4 * (sizeOf(templates) / 8 + full ** 3) },
  };
  const fill = { x: crop, fill: crop, mask: crop };
  return [
    { ...light("maskedFill", `${full}³`, fill), binary: ["mask"] },
    light("sampleSquaredError", `2 × ${full}³`, { prediction: grid(full, 1), target: grid(full, 1) }),
    window,
  ];
}

function optimizerCase({ full }: Sizes): BenchCase {
  const length = Math.round(34_316_161 * (full / 96) ** 3);
  const names = ["parameter", "gradient", "firstMoment", "secondMoment"];
  const options = { learningRate: 3e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-5, step: 10 };
  const shapes = Object.fromEntries(names.map((name) => [name, [length]]));
  return { ...light("adamw", `${length} values`, shapes, options), binary: ["secondMoment"] };
}

/**
 * All cases for crops of `size`³ voxels: 96 in the official recipes.
 *
 * Their order does not depend on the size, so that a case finds its smaller brother by its index.
 */
export function opCases(size: number): BenchCase[] {
  const sizes = new Sizes(size);
  return [
    productCase(sizes),
    ...linearCases(sizes),
    ...mlpCases(sizes),
    ...conv3dCases(sizes),
    ...depthwiseCases(sizes),
    ...attentionCases(sizes),
    ...normCases(sizes),
    ...elementwiseCases(sizes),
    ...movementCases(sizes),
    ...viewCases(sizes),
    optimizerCase(sizes),
  ];
}

/** True when the filter is part of the case's name or title. */
export function matches({ op, title }: BenchCase, filter: string): boolean {
  return `${op} ${title}`.toLowerCase().includes(filter.toLowerCase());
}
