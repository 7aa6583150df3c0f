/** Runs the table of operations on random inputs: shared by the float32 and the float64 tests. */
import { randomStream } from "../../lib/random.ts";
import assert from "node:assert/strict";
import { tf } from "../../lib/tensor/mod.ts";
import type { OpEntry, Tensor } from "../../lib/tensor/mod.ts";
import type { OpCase } from "../../lib/tensor/op.ts";

/** Seeded inputs of a case, in the order of its shapes. */
export function caseInputs(opCase: OpCase, seed = 1): Record<string, Tensor> {
  const entries = Object.entries(opCase.shapes).map(([name, shape], index) => {
    const random = randomStream(seed, `op-input-${name}`, index);
    const size = shape.reduce((product, length) => product * length, 1);
    const binary = opCase.binary?.includes(name);
    const values = Float32Array.from({ length: size }, () => binary ? random.integer(2) : random.normal());
    return [name, tf.tensor(values, [...shape])] as const;
  });
  return Object.fromEntries(entries);
}

/** Output and gradients of Σ output·weights, with fixed random weights, by any implementation of an op. */
export function evaluate(
  run: (inputs: Record<string, Tensor>) => Tensor,
  { definition }: OpEntry,
  inputs: Record<string, Tensor>,
): { output: Tensor; gradients: Record<string, Tensor> } {
  const names = definition.differentiable.filter((name) => inputs[name] !== undefined);
  const output = run(inputs);
  const weights = tf.tensor(outputWeights(output.size), output.shape);
  const gradient = tf.grads((...values: Tensor[]) => {
    const replaced = { ...inputs, ...Object.fromEntries(names.map((name, i) => [name, values[i]])) };
    return tf.sum(tf.mul(run(replaced), weights));
  });
  const gradients = gradient(names.map((name) => inputs[name]));
  return { output, gradients: Object.fromEntries(names.map((name, i) => [name, gradients[i]])) };
}

/** The fixed random weights that turn an output into a scalar. */
export function outputWeights(size: number): Float32Array {
  const random = randomStream(2, "op-output-weights");
  return Float32Array.from({ length: size }, () => random.normal());
}

/** Largest |a − b| relative to the largest |b|, with the place where it is. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): { error: number; text: string } {
  let scale = 0, worst = 0, at = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]));
    const difference = Math.abs(actual[i] - expected[i]);
    // A NaN stays the worst, whatever comes after it.
    if (!(difference <= worst) && !Number.isNaN(worst)) worst = difference, at = i;
  }
  const error = scale === 0 ? worst : worst / scale;
  return { error, text: `relative error ${error} at [${at}]: got ${actual[at]}, expected ${expected[at]}` };
}

const FORWARD_TOLERANCE = 1e-5;
const GRADIENT_TOLERANCE = 1e-4;

/** Runs an op and its reference on the same inputs and compares values, shapes, gradients and the number of tensors. */
export function compareWithReference(entry: OpEntry, opCase: OpCase): void {
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const inputs = caseInputs(opCase);
    const ours = evaluate((values) => entry.apply(values, opCase.attributes), entry, inputs);
    const reference = evaluate((values) => entry.definition.reference(values, opCase.attributes), entry, inputs);
    assert.deepEqual(ours.output.shape, reference.output.shape);
    const forward = relativeError(ours.output.dataSync(), reference.output.dataSync());
    assert.ok(forward.error <= FORWARD_TOLERANCE, `output: ${forward.text}`);
    for (const [name, gradient] of Object.entries(ours.gradients)) {
      const expected = reference.gradients[name];
      assert.deepEqual(gradient.shape, expected.shape, `shape of d${name}`);
      const backward = relativeError(gradient.dataSync(), expected.dataSync());
      assert.ok(backward.error <= GRADIENT_TOLERANCE, `d${name}: ${backward.text}`);
    }
  });
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
}
