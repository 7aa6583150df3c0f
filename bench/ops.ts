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
import { measure, sample, summarise, timeOnce, warmUp } from "./timing.ts";
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
  const ours = await timeOurs(opCase, options);
  const passes = ours.map(({ pass }) => pass);
  const torch = await timeTorch(opCase, passes, options);
  const stock = await timeStockIfAsked(growing, options);
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

/** What TensorFlow.js cannot do on a backend, say five dimensions on WebGPU, is left out. */
async function timeStockIfAsked(
  growing: readonly BenchCase[],
  options: OpsOptions,
): Promise<Partial<Record<Pass, StockTiming>>> {
  if (!options.withStock) return {};
  try {
    return await timeStock(growing, options);
  } catch (error) {
    const { op, title } = growing[growing.length - 1];
    options.warn(`${op} ${title}: stock TensorFlow.js: ${messageOf(error)}`);
    return {};
  }
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

async function timeOurs(opCase: BenchCase, options: OpsOptions): Promise<PassTiming[]> {
  const operation = operationOf(opCase.op);
  const inputs = caseInputs(opCase);
  const kept = tf.tidy(() => operation.forward(inputs, opCase.attributes));
  const bytes = opCase.bytes?.forward ?? bytesOf([...Object.values(inputs), ...kept.outputs]);
  const timing = await measure(() => tf.tidy(() => void operation.forward(inputs, opCase.attributes)), options);
  const dy = randomTensor(shapeOf(kept.outputs[0]));
  const backward = await timeBackward(operation, { opCase, inputs, saved: kept.saved, dy }, options);
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

async function timeBackward(
  { backward }: Operation,
  { opCase, inputs, saved, dy }: BackwardWork,
  { repeats, profile }: OpsOptions,
): Promise<PassTiming[]> {
  if (!backward) return [];
  const gradients = tf.tidy(() => backward(dy, saved, opCase.attributes));
  const bytes = opCase.bytes?.backward ?? bytesOf([dy, ...saved, ...gradients]);
  tf.dispose(gradients);
  const work = (): void => tf.tidy(() => void backward(dy, saved, opCase.attributes));
  await warmUp(work);
  // On a GPU a kernel's time is that of recording it.
  const hasParts = inputs.weight !== undefined && tf.getBackend() !== "webgpu";
  const parts: Record<keyof typeof PARTS, number[]> = { dx: [], dW: [] };
  const times = await sample(async () => {
    profile.take();
    const ms = await timeOnce(work);
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
