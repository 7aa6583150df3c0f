/** Times the operations of a training step, one case at a time, next to stock tfjs and PyTorch. */
import { messageOf } from "../lib/errors.ts";
import { shapeOf, tf } from "../lib/tensor/mod.ts";
import type { Tensor } from "../lib/tensor/mod.ts";
import { matches, opCases } from "./op_cases.ts";
import type { BenchCase } from "./op_cases.ts";
import { bytesOf, caseInputs, operationOf, randomTensor } from "./operations.ts";
import type { Inputs, Operation } from "./operations.ts";
import type { KernelProfile } from "./profile.ts";
import type { OpRow, Pass, StockTiming } from "./results.ts";
import { timeStock } from "./tfjs.ts";
import { measure, sample, summarise, warmUp } from "./timing.ts";
import type { Timing } from "./timing.ts";
import type { TorchOps, TorchTimings } from "./torch.ts";

/** What to measure, and beside whom. */
export interface OpsOptions {
  /** Edge of the crop. */
  readonly size: number;
  /** Part of an operation's name or title; null = all. */
  readonly filter: string | null;
  readonly repeats: number;
  readonly withStock: boolean;
  readonly torch: TorchOps | null;
  readonly profile: KernelProfile;
  /** Hears of every case when it is done. */
  report(rows: readonly OpRow[], place: { done: number; total: number }): void;
  /** Hears of what could not be measured. */
  warn(message: string): void;
}

/** Crops at which stock tfjs is tried before the one asked for. */
const STOCK_SIZES = [16, 32, 48, 64];

/** Measures all cases of a filter. */
export async function benchOps(options: OpsOptions): Promise<OpRow[]> {
  const { size, filter } = options;
  const indices = opCases(size).flatMap((opCase, index) => filter === null || matches(opCase, filter) ? [index] : []);
  const rows: OpRow[] = [];
  for (const [done, index] of indices.entries()) {
    const sizes = [...STOCK_SIZES.filter((smaller) => smaller < size), size];
    const growing = sizes.map((edge) => opCases(edge)[index]);
    const measured = await benchCase(growing, options);
    rows.push(...measured);
    options.report(measured, { done: done + 1, total: indices.length });
  }
  return rows;
}

async function benchCase(growing: readonly BenchCase[], options: OpsOptions): Promise<OpRow[]> {
  const opCase = growing[growing.length - 1];
  const ours = timeOurs(opCase, options);
  const passes = ours.map(({ pass }) => pass);
  const torch = await timeTorch(opCase, passes, options);
  const stock: Partial<Record<Pass, StockTiming>> = options.withStock ? await timeStock(growing, options) : {};
  return ours.map(({ pass, timing, bytes }) => ({
    op: opCase.op,
    title: opCase.title,
    pass,
    flops: opCase.flops * (pass === "backward" ? 2 : 1),
    bytes,
    ours: timing,
    tfjs: stock[pass] ?? null,
    torch: torch[pass] ?? null,
  }));
}

/** PyTorch's failure, say for want of memory, must not lose what was measured before. */
async function timeTorch(
  opCase: BenchCase,
  passes: readonly Pass[],
  { torch, repeats, warn }: OpsOptions,
): Promise<TorchTimings> {
  try {
    return await torch?.time(opCase, { passes, repeats }) ?? {};
  } catch (error) {
    warn(`${opCase.op} ${opCase.title}: ${messageOf(error)}`);
    return {};
  }
}

/** One timed pass and the bytes of its inputs and outputs. */
interface PassTiming {
  readonly pass: Pass;
  readonly timing: Timing;
  readonly bytes: number;
}

function timeOurs(opCase: BenchCase, options: OpsOptions): PassTiming[] {
  const operation = operationOf(opCase.op);
  const inputs = caseInputs(opCase);
  const kept = tf.tidy(() => operation.forward(inputs, opCase.attributes));
  const bytes = opCase.bytes?.forward ?? bytesOf([...Object.values(inputs), ...kept.outputs]);
  const timing = measure(() => tf.tidy(() => void operation.forward(inputs, opCase.attributes)), options);
  const dy = randomTensor(shapeOf(kept.outputs[0]));
  const backward = timeBackward(operation, { opCase, inputs, saved: kept.saved, dy }, options);
  tf.dispose([...Object.values(inputs), ...kept.outputs, ...kept.saved, dy]);
  return [{ pass: "forward", timing, bytes }, ...backward];
}

interface BackwardWork {
  readonly opCase: BenchCase;
  readonly inputs: Inputs;
  readonly saved: Tensor[];
  readonly dy: Tensor;
}

/** Kernels whose names end so are the two large parts of a backward pass. */
const PARTS = { dx: "InputGradient", dW: "WeightGradient" } as const;

function timeBackward(
  { backward }: Operation,
  { opCase, inputs, saved, dy }: BackwardWork,
  { repeats, profile }: OpsOptions,
): PassTiming[] {
  if (!backward) return [];
  const gradients = tf.tidy(() => backward(dy, saved, opCase.attributes));
  const bytes = opCase.bytes?.backward ?? bytesOf([dy, ...saved, ...gradients]);
  tf.dispose(gradients);
  const work = (): void => tf.tidy(() => void backward(dy, saved, opCase.attributes));
  warmUp(work);
  const hasParts = inputs.weight !== undefined;
  const parts: Record<keyof typeof PARTS, number[]> = { dx: [], dW: [] };
  const times = sample(() => {
    profile.take();
    const start = performance.now();
    work();
    const ms = performance.now() - start;
    const kernels = profile.take();
    for (const part of ["dx", "dW"] as const) {
      const kernel = kernels.find(({ name }) => name.endsWith(PARTS[part]));
      if (hasParts && kernel) parts[part].push(kernel.ms);
    }
    return ms;
  }, { repeats });
  const partBytes = bytesOf([dy, inputs.x, inputs.weight].filter((tensor) => tensor !== undefined));
  return [
    { pass: "backward", timing: summarise(times), bytes },
    ...(["dx", "dW"] as const).flatMap((pass) => {
      return parts[pass].length > 0 ? [{ pass, timing: summarise(parts[pass]), bytes: partBytes }] : [];
    }),
  ];
}
