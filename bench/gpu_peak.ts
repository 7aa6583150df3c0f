/** What a GPU can do at most: multiply-adds that touch nothing but registers, and copying memory. */
import type { GpuBackend } from "../lib/tensor/webgpu/backend.ts";
import type { GpuArray, GpuRuntime } from "../lib/tensor/webgpu/runtime.ts";
import type { Peak } from "./peak.ts";
import copySource from "./gpu_copy.wgsl" with { type: "text" };
import multiplySource from "./gpu_multiply_add.wgsl" with { type: "text" };

/** Multiply-adds of one invocation: ROUNDS of 32 vectors of four. */
const ROUNDS = 256, VECTORS = 32;
const WORKGROUP = 256;

/** Measures the ceilings: the best of many short runs, since nothing but disturbance makes them slower. */
export async function measureGpuPeak(backend: GpuBackend, { copy }: { copy: boolean }): Promise<Peak> {
  const { isSoftware, device: { limits } } = backend;
  const workgroups = isSoftware ? 64 : 8192;
  const invocations = workgroups * WORKGROUP;
  const ms = await bestOf(backend, (runtime) => {
    const y = runtime.scratch(invocations);
    const call = { inputs: [], outputs: [y], integers: [ROUNDS] };
    runtime.run({ name: "multiply_add", source: multiplySource }, { workgroups: [workgroups], ...call });
  });
  const gflops = invocations * ROUNDS * VECTORS * 4 * 2 / ms / 1e6;
  const length = Math.min(isSoftware ? 2 ** 24 : 2 ** 27, limits.maxStorageBufferBindingSize / 4);
  return { gflops, copyGBs: copy ? 2 * 4 * length / await copyMs(backend, length) / 1e6 : null, vectorBits: null };
}

async function copyMs(backend: GpuBackend, length: number): Promise<number> {
  return await bestOf(backend, (runtime) => {
    const [x, y]: GpuArray[] = [runtime.scratch(length), runtime.scratch(length)];
    const workgroups = Math.min(16384, runtime.limits.maxComputeWorkgroupsPerDimension);
    const call = { inputs: [x], outputs: [y], integers: [length / 4] };
    runtime.run({ name: "copy", source: copySource }, { workgroups: [workgroups], ...call });
  });
}

/** The shortest time within half a second, in milliseconds. */
async function bestOf(backend: GpuBackend, work: (runtime: GpuRuntime) => void): Promise<number> {
  const run = async (): Promise<number> => {
    const start = performance.now();
    backend.runKernel({}, (_, runtime) => {
      work(runtime);
      return [];
    });
    await backend.finish();
    return performance.now() - start;
  };
  await run();
  const start = performance.now();
  let best = Infinity;
  while (performance.now() - start < 500) best = Math.min(best, await run());
  return best;
}
