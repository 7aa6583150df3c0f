/** The SIMD kernels of the depthwise convolution against the plain ones, and on different numbers of threads. */
import assert from "node:assert/strict";
import { randomStream } from "../../../lib/random.ts";
import {
  convolve,
  flipKernel,
  padBorder,
  sizeOf,
  weightGradient,
} from "../../../lib/tensor/ops/depthwise_conv3d/_plain.ts";
import { simdConvolve, simdWeightGradient } from "../../../lib/tensor/ops/depthwise_conv3d/_simd.ts";
import { Heap } from "../../../lib/tensor/simd/heap.ts";
import { Pool } from "../../../lib/tensor/simd/pool.ts";
import { openRuntime } from "../../../lib/tensor/simd/runtime.ts";
import type { SimdRuntime } from "../../../lib/tensor/simd/runtime.ts";
import { relativeError } from "../_ops.ts";

/** A runtime with a heap and threads of its own. */
async function openThreads(threads: number): Promise<SimdRuntime> {
  const heap = new Heap(new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true }), 4096);
  return openRuntime(heap, await Pool.open(heap, threads));
}

const runtimes = [await openThreads(1), await openThreads(2)];

/** A heap array of seeded normal values. */
function filled(shape: readonly number[], purpose: string, runtime: SimdRuntime) {
  const array = runtime.output(shape);
  const random = randomStream(1, purpose);
  array.data.forEach((_, i) => array.data[i] = random.normal());
  return array;
}

/** Output, input gradient and weight gradient on a runtime, next to what plain loops give. */
function evaluate(shape: readonly number[], kernel: number, runtime: SimdRuntime) {
  const size = sizeOf({ shape }, kernel);
  const { channels } = size;
  const x = filled(shape, "x", runtime), dy = filled(shape, "dy", runtime);
  const weight = filled([kernel, kernel, kernel, channels], "weight", runtime);
  const bias = filled([channels], "bias", runtime);
  const padded = padBorder(x.data, size);
  return {
    output: {
      actual: simdConvolve({ x, weight, bias }, { turned: false, runtime }).data,
      expected: convolve(padded, weight.data, size, bias.data),
    },
    dx: {
      actual: simdConvolve({ x: dy, weight }, { turned: true, runtime }).data,
      expected: convolve(padBorder(dy.data, size), flipKernel(weight.data, channels), size),
    },
    dWeight: {
      actual: simdWeightGradient({ x, dy }, { kernel, runtime }).data,
      expected: weightGradient(padded, dy.data, size),
    },
  };
}

const SIZES = [
  { what: "boxes along height", shape: [1, 3, 100, 64, 2], kernel: 3 },
  { what: "boxes along every axis", shape: [2, 16, 45, 65, 3], kernel: 5 },
  { what: "many blocks of channels", shape: [8, 2, 2, 2, 120], kernel: 5 },
  { what: "more boxes than sums", shape: [37, 2, 3, 4, 8], kernel: 3 },
  { what: "rows of every length of a tile and more", shape: [1, 2, 2, 59, 16], kernel: 5 },
  { what: "a kernel that fills the scratch with few voxels", shape: [1, 40, 2, 40, 1], kernel: 25 },
  { what: "a kernel too large for the scratch", shape: [1, 1, 2, 1, 2], kernel: 41 },
];

for (const { what, shape, kernel } of SIZES) {
  Deno.test(`depthwise SIMD kernels equal the plain ones, the same bits on 1 and 2 threads: ${what}`, () => {
    const [one, two] = runtimes.map((runtime) => evaluate(shape, kernel, runtime));
    for (const name of ["output", "dx", "dWeight"] as const) {
      const { error, text } = relativeError(one[name].actual, one[name].expected);
      assert.ok(error <= 1e-5, `${name}: ${text}`);
      assert.deepEqual(two[name].actual, one[name].actual, name);
    }
  });
}
