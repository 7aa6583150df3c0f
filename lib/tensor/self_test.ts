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
import { takeValues } from "./values.ts";
import type { GpuBackend } from "./webgpu/backend.ts";

/** Largest relative error that an output may have, and a gradient. */
export const TOLERANCES = { output: 1e-5, gradient: 1e-4 } as const;
/** The same on a GPU, whose division, roots and exponentials are less exact. */
export const GPU_TOLERANCES = { output: 1e-4, gradient: 1e-3 } as const;

/** What a comparison may differ by. */
export interface Tolerances {
  readonly output: number;
  readonly gradient: number;
}

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
export async function caseValues(entry: OpEntry, opCase: OpCase, by: "op" | "reference"): Promise<CaseValues> {
  const { apply, definition } = entry;
  const run = (inputs: Record<string, Tensor>): Tensor =>
    by === "op" ? apply(inputs, opCase.attributes) : definition.reference(inputs, opCase.attributes);
  // A GPU's values are read asynchronously, which no tidy allows inside.
  const { output, gradients } = tf.tidy(() => evaluate(run, entry, caseInputs(opCase)) as unknown as TensorTree);
  const named: [string, ShapedValues][] = [];
  for (const [name, gradient] of Object.entries(gradients)) named.push([name, await readShaped(gradient)]);
  return { output: await readShaped(output), gradients: Object.fromEntries(named) };
}

/** What tidy() keeps: it looks into objects for tensors. */
type TensorTree = tf.TensorContainer & ReturnType<typeof evaluate>;

async function readShaped(tensor: Tensor): Promise<ShapedValues> {
  return { shape: shapeOf(tensor), data: await takeValues(tensor) };
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
export function compareValues(
  actual: CaseValues,
  expected: CaseValues,
  tolerances: Tolerances = TOLERANCES,
): Difference[] {
  const compare = (what: string, [a, b]: [ShapedValues, ShapedValues], tolerance: number): Difference => {
    const sameShape = formatShape(a.shape) === formatShape(b.shape);
    const { error, text } = sameShape ? relativeError(a.data, b.data) : {
      error: Infinity,
      text: `got shape ${formatShape(a.shape)}, expected ${formatShape(b.shape)}`,
    };
    return { what, error, tolerance, text: `${what}: ${text}` };
  };
  return [
    compare("output", [actual.output, expected.output], tolerances.output),
    ...Object.entries(expected.gradients).map(([name, gradient]) =>
      compare(`d${name}`, [actual.gradients[name], gradient], tolerances.gradient)
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
 * Runs every case of the ops on the current backend and compares it with the op's reference: there, or on the CPU for a
 * GPU, where TensorFlow.js's own kernels are wrong for some shapes.
 *
 * Nothing that an op does wrong ends the test: what it throws becomes one of its failures.
 *
 * @returns a report after each op, in their order
 */
export async function* testOps(ops: readonly OpEntry[]): AsyncGenerator<OpReport, void, void> {
  for (const entry of ops) {
    const outcomes: CaseOutcome[] = [];
    for (const opCase of entry.cases) outcomes.push(await testCase(entry, opCase));
    yield reportOf(entry, outcomes);
  }
}

/** Values that a kernel leaves unwritten, or reads past the end of its inputs on simd, are NaN meanwhile. */
async function withPoison<T>(run: () => Promise<T>): Promise<T> {
  if (tf.getBackend() === "cpu") return await run();
  const backend = tf.backend() as unknown as SimdBackend | GpuBackend;
  const before = backend.poison;
  backend.poison = true;
  try {
    return await run();
  } finally {
    backend.poison = before;
  }
}

/** Differences of a case, or what went wrong before there were any. */
type CaseOutcome = readonly Difference[] | string;

async function testCase(entry: OpEntry, opCase: OpCase): Promise<CaseOutcome> {
  const before = tf.memory().numTensors;
  try {
    const actual = await withPoison(() => caseValues(entry, opCase, "op"));
    const isGpu = tf.getBackend() === "webgpu";
    const expected = isGpu ? await onCpu(() => caseValues(entry, opCase, "reference")) : await caseValues(
      entry,
      opCase,
      "reference",
    );
    const differences = compareValues(actual, expected, isGpu ? GPU_TOLERANCES : TOLERANCES);
    const leaked = tf.memory().numTensors - before;
    return leaked === 0 ? differences : `tensors leaked: ${leaked}`;
  } catch (error) {
    return messageOf(error);
  }
}

async function onCpu<T>(run: () => Promise<T>): Promise<T> {
  const own = tf.getBackend();
  await tf.setBackend("cpu");
  try {
    return await run();
  } finally {
    await tf.setBackend(own);
  }
}

function reportOf({ definition: { name }, cases }: OpEntry, outcomes: readonly CaseOutcome[]): OpReport {
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
