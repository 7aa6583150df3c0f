/** The doctor's self-test: operations, a little training, a file round trip. */
import { readNifti, writeNifti } from "../lib/dataset/mod.ts";
import { affinesAgree, sameTriple, type Volume } from "../lib/geometry.ts";
import { randomStream } from "../lib/random.ts";
import {
  type BackendInfo,
  GPU_TOLERANCES,
  type OpEntry,
  type OpReport,
  testOps,
  TOLERANCES,
} from "../lib/tensor/mod.ts";
import { formatError, type Line, plural } from "./_doctor_report.ts";
import { type StepNumbers, type TrainingFacts, UPDATES } from "./_doctor_training.ts";

/** Tests all operations, showing each as it is done. */
export async function checkOps(
  ops: readonly OpEntry[],
  { backend, show }: { backend: BackendInfo["name"]; show: (line: Line) => void },
): Promise<OpReport[]> {
  const reports: OpReport[] = [];
  for await (const report of testOps(ops)) {
    reports.push(report);
    show(describeOp(report));
  }
  const cases = reports.reduce((sum, report) => sum + report.cases, 0);
  const { output, gradient } = backend === "webgpu" ? GPU_TOLERANCES : TOLERANCES;
  const limits = `output ${formatError(output)}, gradients ${formatError(gradient)}`;
  show({
    label: "in all",
    text: `${plural(reports.length, "operation")}, ${plural(cases, "case")} on ${backend}; ` +
      `relative errors may be: ${limits}`,
  });
  return reports;
}

/** Failures of an op that are shown; the JSON has them all. */
const SHOWN_FAILURES = 3;

/** The line of one operation. */
export function describeOp({ name, cases, outputError, gradientError, failures }: OpReport): Line {
  const errors = `output ${formatError(outputError).padEnd(7)}  gradients ${formatError(gradientError)}`;
  const start = (verdict: string): string => `${verdict.padEnd(6)}  ${plural(cases, "case").padStart(8)}  ${errors}`;
  if (failures.length === 0) return { label: name, text: start("ok") };
  const more = failures.length - SHOWN_FAILURES;
  const shown = [...failures.slice(0, SHOWN_FAILURES), ...(more > 0 ? [`and ${more} more`] : [])];
  return { label: name, text: [start("FAILED"), ...shown].join("\n"), state: "failed" };
}

/** Largest relative difference of a loss or gradient norm between backends: the second update repeats the first one's. */
export const TRAINING_TOLERANCE = 1e-4;

/** Lines of the training on both backends. */
export function describeTraining({ backend, updates, reference }: TrainingFacts): Line[] {
  const error = largestDifference(updates, reference);
  const losses = updates.map(({ loss }) => loss.toPrecision(6)).join(", then ");
  const beside = `off the reference by ${formatError(error)} of ${formatError(TRAINING_TOLERANCE)}`;
  const text = `loss ${losses} on ${backend}${backend === "reference" ? "" : `; ${beside}`}`;
  const label = "two updates";
  const isRight = updates.length === UPDATES && updates.length === reference.length && error <= TRAINING_TOLERANCE;
  return [isRight ? { label, text: `ok      ${text}` } : { label, text: `FAILED  ${text}`, state: "failed" }];
}

/** Over all numbers of all updates; NaN as soon as one is not finite or there on one side only. */
export function largestDifference(actual: readonly StepNumbers[], expected: readonly StepNumbers[]): number {
  const names = ["loss", "cmr", "md", "cl", "gradientNorm"] as const;
  const errors = expected.flatMap((step, i) =>
    names.map((name) => {
      const [a, b] = [actual[i]?.[name], step[name]];
      if (a === null && b === null) return 0;
      return Math.abs((a ?? NaN) - (b ?? NaN)) / Math.abs(b ?? NaN);
    })
  );
  return Math.max(0, ...errors);
}

/** A file in memory, written and read again. */
export interface RoundTripFacts {
  readonly bytes: number;
  /** What did not come back as it was; null when all did. */
  readonly problem: string | null;
}

/** Writes a small sheared volume as `.nii.gz` and reads it. */
export async function checkNifti(): Promise<RoundTripFacts> {
  const random = randomStream(1, "doctor");
  const size = [7, 5, 3] as const;
  const affine = [[1.5, 0.25, 0, -10], [-0.25, 2, 0.5, 20], [0, 0.125, 3, 30.5], [0, 0, 0, 1]];
  const volume: Volume = { size, affine, data: Float32Array.from({ length: 7 * 5 * 3 }, () => random.normal()) };
  const bytes = await writeNifti(volume);
  return { bytes: bytes.length, problem: roundTripProblem(await readNifti(bytes, "memory"), volume) };
}

/** What differs first. */
export function roundTripProblem(actual: Volume, expected: Volume): string | null {
  if (!sameTriple(actual.size, expected.size)) return `size (${actual.size}) instead of (${expected.size})`;
  if (!affinesAgree(actual.affine, expected.affine)) return `affine ${JSON.stringify(actual.affine)}`;
  const at = expected.data.findIndex((value, i) => !Object.is(value, actual.data[i]));
  return at < 0 ? null : `voxel ${at} is ${actual.data[at]} instead of ${expected.data[at]}`;
}

/** Lines of {@linkcode RoundTripFacts}. */
export function describeRoundTrip({ bytes, problem }: RoundTripFacts): Line[] {
  const label = "NIfTI";
  if (problem !== null) return [{ label, text: `FAILED  read back: ${problem}`, state: "failed" }];
  return [{ label, text: `ok      written and read back in memory, ${bytes} bytes` }];
}
