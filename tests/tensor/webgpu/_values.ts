/** Values of an op and its gradients on backends whose values can only be read asynchronously. */
import assert from "node:assert/strict";
import { tf } from "../../../lib/tensor/mod.ts";
import type { OpEntry, Tensor } from "../../../lib/tensor/mod.ts";
import type { OpCase } from "../../../lib/tensor/op.ts";
import { caseInputs, evaluate } from "../_ops.ts";

type Run = (inputs: Record<string, Tensor>) => Tensor;

/** Output and gradients of an op or its reference on the current backend, as numbers. */
export async function valuesOf(
  entry: OpEntry,
  opCase: OpCase,
  run: Run,
): Promise<Map<string, ArrayLike<number>>> {
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
