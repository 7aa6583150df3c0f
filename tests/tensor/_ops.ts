/** Runs the table of operations on random inputs: shared by the float32 and the float64 tests. */
import assert from "node:assert/strict";
import { tf } from "../../lib/tensor/mod.ts";
import type { OpEntry } from "../../lib/tensor/mod.ts";
import type { OpCase } from "../../lib/tensor/op.ts";
import { caseValues, compareValues, isWithin } from "../../lib/tensor/self_test.ts";

export { caseInputs, evaluate, outputWeights, relativeError } from "../../lib/tensor/self_test.ts";

/** Runs an op and its reference on the same inputs and compares values, shapes, gradients and the number of tensors. */
export async function compareWithReference(entry: OpEntry, opCase: OpCase): Promise<void> {
  const before = tf.memory().numTensors;
  const differences = compareValues(
    await caseValues(entry, opCase, "op"),
    await caseValues(entry, opCase, "reference"),
  );
  for (const difference of differences) assert.ok(isWithin(difference), difference.text);
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
}
