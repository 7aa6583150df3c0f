/** The products whose tiles are tuned: the official UniFormer's matrix products and UNET3D's convolutions. */
import type { GpuArray, GpuRuntime } from "../lib/tensor/webgpu/runtime.ts";
import type { TiledKernel, TiledSizes } from "../lib/tensor/webgpu/tiles.ts";
import { multiply } from "../lib/tensor/webgpu/multiply.ts";
import { convolve, inputGradient, weightGradient } from "../lib/tensor/ops/conv3d/_webgpu.ts";
import { opCases } from "./op_cases.ts";
import type { BenchCase } from "./op_cases.ts";

/** One product, on arrays of given lengths. */
export interface TuneCase extends TiledSizes {
  readonly kernel: TiledKernel;
  readonly title: string;
  /** Shapes of the two arrays that are multiplied. */
  readonly shapes: readonly [readonly number[], readonly number[]];
  run(arrays: readonly [GpuArray, GpuArray], runtime: GpuRuntime): GpuArray;
}

/** Products with fewer columns wait for memory, whatever their tiles. */
const FEWEST_COLUMNS = 16;

/** All products of training steps on crops of `size` voxels per edge, each once. */
export function tuneCases(size: number): TuneCase[] {
  const cases = opCases(size).flatMap((opCase) => {
    if (opCase.op === "conv3d") return convolutionCases(opCase);
    return isProductOfUniformer(opCase) ? productCases(opCase) : [];
  });
  const named = cases.filter(({ columns }) => columns >= FEWEST_COLUMNS).map((entry) => [entry.title, entry] as const);
  return [...new Map(named).values()];
}

function isProductOfUniformer({ op, title }: BenchCase): boolean {
  return op === "linear" && !title.includes("UNET3D") && !title.includes("square");
}

/** y = x·w, dx = dy·wᵀ and dw = xᵀ·dy of a token-wise product. */
function productCases({ shapes: { x: [tokens, inputs], weight: [, outputs] } }: BenchCase): TuneCase[] {
  const [x, y, weight] = [[tokens, inputs], [tokens, outputs], [inputs, outputs]];
  return [
    product("y", { rows: tokens, columns: outputs, length: inputs }, { shapes: [x, weight] }),
    product("dx", { rows: tokens, columns: inputs, length: outputs }, { shapes: [y, weight], isTurned: [false, true] }),
    product("dw", { rows: inputs, columns: outputs, length: tokens }, { shapes: [x, y], isTurned: [true, false] }),
  ];
}

function product(
  pass: string,
  sizes: TiledSizes,
  { shapes, isTurned = [false, false] }: { shapes: TuneCase["shapes"]; isTurned?: readonly [boolean, boolean] },
): TuneCase {
  const { rows: m, columns: n, length: k } = sizes;
  const [turnsA, turnsB] = isTurned;
  return {
    kernel: "gemm",
    title: `${pass} ${m} × ${k} → ${n}`,
    ...sizes,
    shapes,
    run: ([left, right], runtime) => {
      const a = { array: left, row: turnsA ? 1 : k, column: turnsA ? m : 1 };
      const b = { array: right, row: turnsB ? 1 : n, column: turnsB ? k : 1 };
      const c = runtime.output([m, n]);
      multiply({ a, b, c }, { m, n, k }, runtime);
      return c;
    },
  };
}

/** Output, gradient of the input and of the weights of a convolution. */
function convolutionCases({ shapes: { x, weight }, attributes: { stride = 1 } }: BenchCase): TuneCase[] {
  const [batch, edge] = x;
  const [kernel, , , inChannels, outChannels] = weight;
  const step = Number(stride), outEdge = Math.ceil(edge / step);
  const cube = (length: number): [number, number, number] => [length, length, length];
  const size = { batch, input: cube(edge), output: cube(outEdge), inChannels, outChannels, kernel, stride: step };
  const y = [batch, ...cube(outEdge), outChannels];
  const title = `${inChannels} → ${outChannels}, ${edge}³${step === 1 ? "" : `, stride ${step}`}`;
  const taps = kernel ** 3, voxels = batch * outEdge ** 3;
  return [
    {
      kernel: "taps",
      title: `y ${title}`,
      ...{ rows: voxels, columns: outChannels, length: taps * inChannels },
      shapes: [x, weight],
      run: ([values, weights], runtime) => convolve({ x: values, weight: weights }, size, runtime),
    },
    {
      kernel: "taps",
      title: `dx ${title}`,
      rows: batch * Math.ceil(edge / step) ** 3,
      columns: inChannels,
      length: Math.ceil(kernel / step) ** 3 * outChannels,
      shapes: [y, weight],
      run: ([dy, weights], runtime) => inputGradient({ dy, weight: weights }, size, runtime),
    },
    {
      kernel: "weight_gradient",
      title: `dw ${title}`,
      ...{ rows: taps * inChannels, columns: outChannels, length: voxels },
      shapes: [x, y],
      run: ([values, dy], runtime) => weightGradient({ x: values, dy }, size, runtime),
    },
  ];
}
