/** The kernels for real GPUs where only an emulated one is found: with the backend told that its GPU is real. */
import assert from "node:assert/strict";
import { OPS, selectBackend } from "../../../lib/tensor/mod.ts";
import type { OpCase } from "../../../lib/tensor/op.ts";
import { relativeError } from "../_ops.ts";
import { asRealGpu, gpuTest } from "./_gpu.ts";
import { valuesOf } from "./_values.ts";

/** Shapes beyond an op's own cases, at the edges of these kernels' tiles. */
function depthwise(title: string, x: readonly number[], kernel: number): OpCase {
  const channels = x[4];
  return {
    title,
    shapes: { x, weight: [kernel, kernel, kernel, channels], bias: [channels] },
    attributes: {},
    flops: 0,
  };
}

function attention([batch, tokens, heads, width]: readonly [number, number, number, number]): OpCase {
  return {
    title: `tokens ${tokens}, heads ${heads} of ${width}`,
    shapes: { qkv: [batch, tokens, 3 * heads * width] },
    attributes: { heads, scale: 1 / Math.sqrt(width) },
    flops: 0,
  };
}

/** Around the 64 tokens of a tile and its 16 and 64 channels, and heads that no tile holds. */
const ATTENTION = [
  [1, 1, 1, 4],
  [2, 63, 2, 15],
  [1, 64, 1, 16],
  [1, 65, 2, 20],
  [2, 97, 1, 32],
  [1, 130, 2, 64],
  [1, 33, 2, 80],
  [1, 10, 1, 513],
] as const;

const MORE: Readonly<Record<string, readonly OpCase[]>> = {
  batchNorm: [],
  groupNorm: [],
  layerNorm: [],
  mlp: [],
  scaleShift: [],
  selfAttention: ATTENTION.map(attention),
  depthwiseConv3d: [
    depthwise("5³, 16 rows a workgroup, parts of the depth", [1, 11, 14, 9, 17], 5),
    depthwise("3³, 16 rows a workgroup, two blocks of rows", [2, 7, 25, 3, 2], 3),
    depthwise("9³, more taps than are taken at once", [1, 3, 5, 12, 3], 9),
  ],
};

for (const entry of OPS.filter(({ definition }) => definition.name in MORE)) {
  const { name, reference } = entry.definition;
  for (const opCase of [...entry.cases, ...MORE[name]]) {
    gpuTest(`${name}() equals its reference with the kernels for real GPUs: ${opCase.title}`, async (backend) => {
      const { attributes } = opCase;
      const actual = await asRealGpu(
        backend,
        () => valuesOf(entry, opCase, (inputs) => entry.apply(inputs, attributes)),
      );
      await selectBackend("reference");
      const expected = await valuesOf(entry, opCase, (inputs) => reference(inputs, attributes));
      for (const [result, values] of expected) {
        const { error, text } = relativeError(actual.get(result)!, values);
        assert.ok(error <= 1e-5, `${result}: ${text}`);
      }
    });
  }
}
