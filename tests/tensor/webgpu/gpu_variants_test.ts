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

const MORE: Readonly<Record<string, readonly OpCase[]>> = {
  batchNorm: [],
  groupNorm: [],
  layerNorm: [],
  scaleShift: [],
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
