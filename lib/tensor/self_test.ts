/**
 * Operations against their references on random inputs: for the tests, and for the self-test of an installation.
 *
 * The reference of an op is its specification in tfjs's operations, differentiated by tfjs.
 */
import { formatShape, messageOf } from "../errors.ts";
import { randomStream } from "../random.ts";
import type { OpCase } from "./op.ts";
import type { OpEntry } from "./ops/mod.ts";
import { shapeOf, sizeOf } from "./shape.ts";
import type { SimdBackend } from "./simd/backend.ts";
import { tf } from "./tf.ts";
import type { Tensor } from "./tf.ts";

/** Largest relative error that an output may have, and a gradient. */
export const TOLERANCES = { output: 1e-5, gradient: 1e-4 } as const;

/** Seeded inputs of a case, in the order of its shapes. */
export function caseInputs(opCase: OpCase, seed = 1): Record<string, Tensor> {
  const entries = Object.entries(opCase.shapes).map(([name, shape], index) => {
    const random = randomStream(seed, `op-input-${name}`, index);
    const binary = opCase.binary?.includes(name);
    const values = Float32Array.from({ length: sizeOf(shape) }, () => binary ? random.integer(2) : random.normal());
    return [name, tf.tensor(values, [...shape])] as const;
  });
  return Object.fromEntries(entries);
}

/** The fixed random weights that turn an output into a scalar. */
export function outputWeights(size: number): Float32Array {
  const random = randomStream(2, "op-output-weights");
  return Float32Array.from({ length: size }, () => random.normal());
}

/** Output and gradients of Σ output·weights, with fixed random weights, by any implementation of an op. */
export function evaluate(
  run: (inputs: Record<string, Tensor>) => Tensor,
  { definition }: Pick<OpEntry, "definition">,
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

/** What an implementation makes of a case, read back from the backend. */
export interface CaseValues {
  readonly output: ShapedValues;
  /** By the name of the input. */
  readonly gradients: Readonly<Record<string, ShapedValues>>;
}

/** The values of one tensor. */
export interface ShapedValues {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Runs a case on the current backend, by the op itself or by its reference, and frees everything. */
export function caseValues(entry: OpEntry, opCase: OpCase, by: "op" | "reference"): CaseValues {
  const { apply, definition } = entry;
  const run = (inputs: Record<string, Tensor>): Tensor =>
    by === "op" ? apply(inputs, opCase.attributes) : definition.reference(inputs, opCase.attributes);
  const read = (tensor: Tensor): ShapedValues => ({ shape: shapeOf(tensor), data: tensor.dataSync() });
  // What a tidy returns must be tensors; these are plain values.
  tf.engine().startScope();
  try {
    const { output, gradients } = evaluate(run, entry, caseInputs(opCase));
    const named = Object.entries(gradients).map(([name, gradient]) => [name, read(gradient)]);
    return { output: read(output), gradients: Object.fromEntries(named) };
  } finally {
    tf.engine().endScope();
  }
}

/** How far one tensor is from what it should be. */
export interface Difference {
  /** `"output"`, or `"d"` and the name of an input. */
  readonly what: string;
  /** Largest difference over the largest expected value; infinite where the shapes differ, NaN where a value is. */
  readonly error: number;
  readonly tolerance: number;
  /** The place and both values, or both shapes. */
  readonly text: string;
}

/** Compares output and gradients; see {@linkcode isWithin} for the verdict. */
export function compareValues(actual: CaseValues, expected: CaseValues): Difference[] {
  const compare = (what: string, [a, b]: [ShapedValues, ShapedValues], tolerance: number): Difference => {
    const sameShape = formatShape(a.shape) === formatShape(b.shape);
    const { error, text } = sameShape ? relativeError(a.data, b.data) : {
      error: Infinity,
      text: `got shape ${formatShape(a.shape)}, expected ${formatShape(b.shape)}`,
    };
    return { what, error, tolerance, text: `${what}: ${text}` };
  };
  return [
    compare("output", [actual.output, expected.output], TOLERANCES.output),
    ...Object.entries(expected.gradients).map(([name, gradient]) =>
      compare(`d${name}`, [actual.gradients[name], gradient], TOLERANCES.gradient)
    ),
  ];
}

/** True when a difference is as small as it must be; never for NaN. */
export function isWithin({ error, tolerance }: Pick<Difference, "error" | "tolerance">): boolean {
  return error <= tolerance;
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

/** What the self-test found of one op. */
export interface OpReport {
  readonly name: string;
  readonly cases: number;
  /** Worst relative error of the outputs over all cases that ran to their end; NaN when none did. */
  readonly outputError: number;
  /** The same of the gradients. */
  readonly gradientError: number;
  /** One line for each thing that is wrong, beginning with the title of the case; none when the op is all right. */
  readonly failures: readonly string[];
}

/**
 * Runs every case of the ops on the current backend and compares it with the op's reference there.
 *
 * Nothing that an op does wrong ends the test: what it throws becomes one of its failures.
 *
 * @returns a report after each op, in their order
 */
export function* testOps(ops: readonly OpEntry[]): Generator<OpReport, void, void> {
  for (const entry of ops) {
    yield withPoison(() => reportOf(entry, entry.cases.map((opCase) => testCase(entry, opCase))));
  }
}

/** Values that a kernel of the simd backend leaves unwritten, or reads past the end of its inputs, are NaN meanwhile. */
function withPoison<T>(run: () => T): T {
  if (tf.getBackend() !== "simd") return run();
  const backend = tf.backend() as unknown as SimdBackend;
  const before = backend.poison;
  backend.poison = true;
  try {
    return run();
  } finally {
    backend.poison = before;
  }
}

/** Differences of a case, or what went wrong before there were any. */
function testCase(entry: OpEntry, opCase: OpCase): readonly Difference[] | string {
  const before = tf.memory().numTensors;
  try {
    const differences = compareValues(caseValues(entry, opCase, "op"), caseValues(entry, opCase, "reference"));
    const leaked = tf.memory().numTensors - before;
    return leaked === 0 ? differences : `tensors leaked: ${leaked}`;
  } catch (error) {
    return messageOf(error);
  }
}

function reportOf(
  { definition: { name }, cases }: OpEntry,
  outcomes: readonly ReturnType<typeof testCase>[],
): OpReport {
  const failures = outcomes.flatMap((outcome, i) => {
    const wrong = typeof outcome === "string" ? [outcome] : outcome.filter((d) => !isWithin(d)).map(({ text }) => text);
    return wrong.map((text) => `${cases[i].title}: ${text}`);
  });
  const differences = outcomes.flatMap((outcome) => typeof outcome === "string" ? [] : outcome);
  const [outputs, gradients] = [true, false].map((isOutput) => {
    return differences.filter(({ what }) => (what === "output") === isOutput).map(({ error }) => error);
  });
  return {
    name,
    cases: cases.length,
    outputError: outputs.length === 0 ? NaN : Math.max(...outputs),
    gradientError: gradients.length === 0 ? NaN : Math.max(...gradients),
    failures,
  };
}
