/** Every op and case on the GPU: value and gradients against tfjs's autodiff of the op's reference on the CPU. */
import assert from "node:assert/strict";
import { OPS, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import type { OpEntry, Tensor } from "../../../lib/tensor/mod.ts";
import type { OpCase } from "../../../lib/tensor/op.ts";
import { caseInputs, evaluate, relativeError } from "../_ops.ts";
import { gpuTest } from "./_gpu.ts";

const FORWARD_TOLERANCE = 1e-4;
const GRADIENT_TOLERANCE = 1e-3;

type Run = (inputs: Record<string, Tensor>) => Tensor;

/** Output and gradients of an op or its reference on the current backend, as numbers. */
async function valuesOf(entry: OpEntry, opCase: OpCase, run: Run): Promise<Map<string, ArrayLike<number>>> {
  const before = tf.memory().numTensors;
  const tensors = tf.tidy(() => {
    const { output, gradients } = evaluate(run, entry, caseInputs(opCase));
    const named = Object.entries(gradients).map(([name, gradient]) => [`d${name}`, gradient]);
    return { output, ...Object.fromEntries(named) } as Record<string, Tensor>;
  });
  const values = new Map<string, ArrayLike<number>>();
  for (const [name, tensor] of Object.entries(tensors)) {
    values.set(name, await tensor.data());
    values.set(`shape of ${name}`, tensor.shape);
  }
  tf.dispose(tensors);
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
  return values;
}

for (const entry of OPS) {
  for (const opCase of entry.cases) {
    const title = `equals its reference on webgpu, value and gradients: ${opCase.title}`;
    gpuTest(`${entry.definition.name}() ${title}`, async () => {
      const actual = await valuesOf(entry, opCase, (inputs) => entry.apply(inputs, opCase.attributes));
      // On the CPU: TensorFlow.js's own kernels for WebGPU are wrong for some of these shapes.
      await selectBackend("reference");
      const expected = await valuesOf(
        entry,
        opCase,
        (inputs) => entry.definition.reference(inputs, opCase.attributes),
      );
      for (const [name, values] of expected) {
        const { error, text } = relativeError(actual.get(name)!, values);
        assert.ok(error <= (name === "output" ? FORWARD_TOLERANCE : GRADIENT_TOLERANCE), `${name}: ${text}`);
      }
    });
  }
}
