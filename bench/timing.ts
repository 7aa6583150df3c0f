/** Repeats work and takes the median of its times. */
import { tf } from "../lib/tensor/mod.ts";
import type { GpuBackend } from "../lib/tensor/webgpu/backend.ts";

/** Times of one piece of work. */
export interface Timing {
  /** Median over the repetitions. */
  readonly ms: number;
  readonly repetitions: number;
}

/** How long work is repeated. */
export interface RepeatOptions {
  /** Repetitions at least. */
  readonly repeats: number;
}

/** Untimed runs go on for so long: V8 compiles a function well only after it has been called for a while. */
const WARM_UP_MS = 200;
/** Quick work is repeated until it has been timed for so long, */
const TIMED_MS = 300;
/** or so often. */
const MAX_REPETITIONS = 100;

/** Runs work until V8 has compiled it well, then times it. */
export async function measure(work: () => void, { repeats }: RepeatOptions): Promise<Timing> {
  await warmUp(work);
  return summarise(await sample(() => timeOnce(work), { repeats }));
}

/** Untimed runs: one at least. */
export async function warmUp(work: () => void): Promise<void> {
  const start = performance.now();
  do await timeOnce(work); while (performance.now() - start < WARM_UP_MS);
}

/** Collects times until there are enough of them. */
export async function sample(time: () => number | Promise<number>, { repeats }: RepeatOptions): Promise<number[]> {
  const times: number[] = [];
  let total = 0;
  while (times.length < repeats || (total < TIMED_MS && times.length < MAX_REPETITIONS)) {
    const ms = await time();
    times.push(ms);
    total += ms;
  }
  return times;
}

/** Milliseconds of one run, until a GPU has done it too. */
export async function timeOnce(work: () => void): Promise<number> {
  const start = performance.now();
  work();
  if (tf.getBackend() === "webgpu") await (tf.backend() as unknown as GpuBackend).finish();
  return performance.now() - start;
}

/** The median and the count. */
export function summarise(times: readonly number[]): Timing {
  return { ms: median(times), repetitions: times.length };
}

/** Middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
