/** Time per kernel: wraps every kernel of a backend in the registry of tfjs, so that nothing in lib/ knows of it. */
import { tf } from "../lib/tensor/mod.ts";

/** Calls of one kernel and the time spent in it, without kernels that it called. */
export interface KernelTime {
  readonly name: string;
  readonly calls: number;
  readonly ms: number;
}

/** One call of a kernel. */
export interface KernelCall {
  readonly name: string;
  /** Milliseconds by the profile's clock; kernels that it called are within. */
  readonly start: number;
  readonly ms: number;
}

/** Counts calls and time of all kernels of a backend from {@linkcode profileKernels} on. */
export interface KernelProfile {
  /** What has been counted since the last call, the longest first. */
  take(): KernelTime[];
  /** Runs work and tells every call in it, in the order of their ends. */
  record(work: () => Promise<void>): Promise<KernelCall[]>;
}

/**
 * Starts to count; kernels that are registered later are not seen. Costs two clock reads per kernel.
 *
 * @param clock milliseconds, never falling; default `performance.now`
 */
export function profileKernels(
  backendName: string,
  clock: () => number = (): number => performance.now(),
): KernelProfile {
  const totals = new Map<string, { calls: number; ms: number }>();
  let innerMs = 0;
  let calls: KernelCall[] | undefined;
  for (const kernel of tf.getKernelsForBackend(backendName)) {
    const { kernelName, kernelFunc } = kernel;
    tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({
      ...kernel,
      kernelFunc: (params) => {
        const outerMs = innerMs;
        innerMs = 0;
        const start = clock();
        try {
          return kernelFunc(params);
        } finally {
          const ms = clock() - start;
          calls?.push({ name: kernelName, start, ms });
          const total = totals.get(kernelName) ?? { calls: 0, ms: 0 };
          totals.set(kernelName, { calls: total.calls + 1, ms: total.ms + ms - innerMs });
          innerMs = outerMs + ms;
        }
      },
    });
  }
  return {
    take() {
      const taken = [...totals].map(([name, total]) => ({ name, ...total })).sort((a, b) => b.ms - a.ms);
      totals.clear();
      return taken;
    },
    async record(work) {
      const recorded = calls = [];
      await work();
      calls = undefined;
      return recorded;
    },
  };
}
