/** Stock TensorFlow.js beside us: the specification of each operation on its plain cpu backend, or on its WebGPU one. */
import { tf } from "../lib/tensor/mod.ts";
import type { Tensor } from "../lib/tensor/mod.ts";
import type { BenchCase } from "./op_cases.ts";
import { caseInputs, operationOf, randomTensor } from "./operations.ts";
import type { Inputs, Operation } from "./operations.ts";
import type { Pass, StockTiming } from "./results.ts";
import { sample, summarise, timeOnce } from "./timing.ts";

/** What would take longer is estimated. */
const LIMIT_MS = 2000;
/** Shorter runs say little about longer ones. */
const TELLING_MS = 100;

/** Forward, and the backward pass as autodiff's time less the forward's. */
type StockTimings = Partial<Record<Extract<Pass, "forward" | "backward">, StockTiming>>;

/**
 * Times a case that takes less than two seconds, and scales a smaller one up otherwise.
 *
 * @param growing the same case at growing sizes, itself last
 */
export async function timeStock(
  growing: readonly BenchCase[],
  { repeats }: { repeats: number },
): Promise<StockTimings> {
  const full = growing[growing.length - 1];
  if (!operationOf(full.op).reference) return {};
  const own = tf.getBackend();
  if (own !== "webgpu") await tf.setBackend("cpu");
  try {
    for (const opCase of growing.slice(0, -1)) {
      await timesOf(opCase); // meets code that is not compiled yet
      const times = await timesOf(opCase);
      const ratio = workOf(full) / workOf(opCase);
      const total = times.forward + (times.backward ?? 0);
      if (total * ratio <= LIMIT_MS) break;
      if (total > TELLING_MS) return scaled(times, ratio);
    }
    return await measured(full, repeats);
  } finally {
    await tf.setBackend(own);
  }
}

/** Arithmetic where there is any, else the size of the inputs. */
function workOf({ flops, shapes }: BenchCase): number {
  const values = Object.values(shapes).map((shape) => shape.reduce((product, length) => product * length, 1));
  return flops || values.reduce((sum, count) => sum + count, 0);
}

function scaled(times: { forward: number; backward?: number }, ratio: number): StockTimings {
  const { forward, backward } = times;
  return {
    forward: { estimatedMs: forward * ratio },
    ...(backward === undefined ? {} : { backward: { estimatedMs: backward * ratio } }),
  };
}

async function measured(opCase: BenchCase, repeats: number): Promise<StockTimings> {
  const forward: number[] = [], backward: number[] = [];
  await timesOf(opCase);
  await sample(async () => {
    const times = await timesOf(opCase);
    forward.push(times.forward);
    if (times.backward !== undefined) backward.push(times.backward);
    return times.forward + (times.backward ?? 0);
  }, { repeats });
  return { forward: summarise(forward), ...(backward.length > 0 ? { backward: summarise(backward) } : {}) };
}

async function timesOf(opCase: BenchCase): Promise<{ forward: number; backward?: number }> {
  const operation = operationOf(opCase.op);
  const inputs = caseInputs(opCase);
  const forward = await timeOnce(() => tf.tidy(() => void operation.reference!(inputs, opCase.attributes)));
  const both = operation.backward && await timeBoth(operation, inputs, opCase);
  tf.dispose(inputs);
  return both === undefined ? { forward } : { forward, backward: Math.max(0, both - forward) };
}

/** Forward and backward by tfjs's autodiff. */
async function timeBoth(
  { reference, differentiable }: Operation,
  inputs: Inputs,
  { attributes }: BenchCase,
): Promise<number> {
  const names = differentiable.filter((name) => name in inputs);
  const output = tf.tidy(() => reference!(inputs, attributes).shape);
  const dy = randomTensor(output);
  const run = tf.grads((...values: Tensor[]) => {
    return reference!({ ...inputs, ...Object.fromEntries(names.map((name, i) => [name, values[i]])) }, attributes);
  });
  const ms = await timeOnce(() => tf.tidy(() => void run(names.map((name) => inputs[name]), dy)));
  dy.dispose();
  return ms;
}
