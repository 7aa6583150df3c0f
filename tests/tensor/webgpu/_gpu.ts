/** Tests on a GPU: run where an adapter is found, one that the CPU emulates too, and skipped by name elsewhere. */
import assert from "node:assert/strict";
import { selectBackend, tf } from "../../../lib/tensor/mod.ts";
import type { GpuBackend } from "../../../lib/tensor/webgpu/backend.ts";
import { findAdapter } from "../../../lib/tensor/webgpu/device.ts";
import type { AdapterTiles, TileShape } from "../../../lib/tensor/webgpu/tiles.ts";

const hasAdapter = await findAdapter() !== null;

/** Registers a test on the webgpu backend; it also fails on errors that the device reports. */
export function gpuTest(name: string, check: (backend: GpuBackend) => Promise<void>): void {
  Deno.test({
    name: name +
      (hasAdapter ? "" : " (ignored: no GPU adapter; Debian's mesa-vulkan-drivers has one that any CPU runs)"),
    ignore: !hasAdapter,
    // The device lives as long as the process.
    sanitizeResources: false,
    sanitizeOps: false,
    fn: async () => {
      await selectBackend("webgpu");
      const backend = tf.backend() as unknown as GpuBackend;
      backend.deviceErrors.length = 0;
      // Values that a kernel leaves unwritten are then NaN.
      backend.poison = true;
      await check(backend);
      await backend.device.queue.onSubmittedWorkDone();
      assert.deepEqual(backend.deviceErrors, []);
    },
  });
}

/** Runs with a backend that takes its GPU for a real one: an emulated one then has to do with the kernels for those. */
export async function asRealGpu<T>(backend: GpuBackend, run: () => Promise<T>): Promise<T> {
  const { isSoftware } = backend;
  const told: { isSoftware: boolean } = backend;
  told.isSoftware = false;
  try {
    return await run();
  } finally {
    told.isSoftware = isSoftware;
  }
}

/** Runs with a backend whose device seems to bind no more than so many bytes at a time. */
export async function withBindingLimit<T>(backend: GpuBackend, bytes: number, run: () => Promise<T>): Promise<T> {
  const { limits } = backend;
  backend.limits = { ...limits, maxStorageBufferBindingSize: bytes };
  try {
    return await run();
  } finally {
    backend.limits = limits;
  }
}

/** An adapter on which one shape of tile was the fastest for everything. */
export function onlyTile(tile: TileShape): AdapterTiles {
  const measured = [{ rows: 1, columns: 1, length: 1, tile }];
  return { full: 512, measured: { gemm: measured, taps: measured, weight_gradient: measured } };
}
