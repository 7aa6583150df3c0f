/** How a case is run: the table of operations, and the few others that a training step consists of. */
import { randomStream } from "../lib/random.ts";
import { adamwUpdate, OPS, shapeOf, sizeOf, tf } from "../lib/tensor/mod.ts";
import type { Tensor } from "../lib/tensor/mod.ts";
import type { Attributes } from "../lib/tensor/op.ts";
import type { BenchCase } from "./op_cases.ts";

/** Tensors by the names of a case's shapes. */
export type Inputs = Readonly<Record<string, Tensor>>;

/** An operation as the benchmark sees it. */
export interface Operation {
  forward(inputs: Inputs, attributes: Attributes): { outputs: Tensor[]; saved: Tensor[] };
  /** Gradients of the inputs; not there for what is never differentiated. */
  backward?(dy: Tensor, saved: Tensor[], attributes: Attributes): Tensor[];
  /** The same in tfjs's own operations. */
  reference?(inputs: Inputs, attributes: Attributes): Tensor;
  /** Inputs that have a gradient. */
  readonly differentiable: readonly string[];
}

/** tfjs's own gradient of ReLU: what the training step runs. */
function reluGradient(dy: Tensor, saved: Tensor[]): Tensor[] {
  const { gradFunc } = tf.getGradient("Relu");
  return [gradFunc(dy, saved, {}).x()];
}

/** Not in the table of operations: tfjs has them, or nothing differentiates them. */
const EXTRA_OPERATIONS: Readonly<Record<string, Operation>> = {
  add: {
    forward: ({ a, b }) => ({ outputs: [tf.add(a, b)], saved: [] }),
    reference: ({ a, b }) => tf.add(a, b),
    differentiable: [],
  },
  relu: {
    forward: ({ x }) => ({ outputs: [tf.relu(x)], saved: [x] }),
    backward: reluGradient,
    reference: ({ x }) => tf.relu(x),
    differentiable: ["x"],
  },
  adamw: {
    forward: (inputs, attributes) => ({
      outputs: adamwUpdate(
        inputs as Parameters<typeof adamwUpdate>[0],
        attributes as Parameters<typeof adamwUpdate>[1],
      ),
      saved: [],
    }),
    differentiable: [],
  },
};

/**
 * Finds an operation.
 *
 * @throws {RangeError} when there is none of the name
 */
export function operationOf(name: string): Operation {
  const extra = EXTRA_OPERATIONS[name];
  if (extra) return extra;
  const definition = OPS.find((entry) => entry.definition.name === name)?.definition;
  if (!definition) throw new RangeError(`Cannot measure operation "${name}": there is none of this name`);
  return {
    forward(inputs, attributes) {
      const { output, saved } = definition.forward(inputs, attributes);
      return { outputs: [output], saved };
    },
    backward: (dy, saved, attributes) => definition.backward(dy, saved, attributes),
    reference: (inputs, attributes) => definition.reference(inputs, attributes),
    differentiable: definition.differentiable,
  };
}

/** Values after which random inputs repeat: drawing hundreds of millions takes longer than measuring. */
const PERIOD = 2 ** 16;

/** A tensor of normal values, or of zeros and ones. */
export function randomTensor(shape: readonly number[], { binary = false, seed = 1 } = {}): Tensor {
  const random = randomStream(seed, "benchmark input");
  const values = new Float32Array(sizeOf(shape));
  const drawn = Math.min(PERIOD, values.length);
  for (let i = 0; i < drawn; i++) values[i] = binary ? random.integer(2) : random.normal();
  for (let filled = drawn; filled < values.length; filled *= 2) values.copyWithin(filled, 0, filled);
  return tf.tensor(values, [...shape]);
}

/** Inputs of a case, on the backend in use; the caller frees them. */
export function caseInputs({ shapes, binary }: BenchCase): Record<string, Tensor> {
  const entries = Object.entries(shapes).map(([name, shape], seed) => {
    return [name, randomTensor(shape, { binary: binary?.includes(name), seed })] as const;
  });
  return Object.fromEntries(entries);
}

/** Bytes of tensors, each counted once. */
export function bytesOf(tensors: readonly Tensor[]): number {
  return [...new Set(tensors)].reduce((sum, tensor) => sum + 4 * sizeOf(shapeOf(tensor)), 0);
}
