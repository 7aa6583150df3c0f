/** The block of memory through which threads share a kernel's units. */
import assert from "node:assert/strict";
import { JobBlock } from "../../../lib/tensor/simd/job.ts";
import type { KernelExports } from "../../../lib/tensor/simd/kernels.ts";

const ADDRESS = 1024;

function openBlock(kernels: KernelExports): { block: JobBlock; memory: WebAssembly.Memory } {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const block = new JobBlock(memory, { address: ADDRESS, kernels });
  block.reset();
  return { block, memory };
}

Deno.test("run() covers all units in ranges of the grain and hands on the arguments", () => {
  const calls: number[][] = [];
  const { block } = openBlock({ work: (...args) => void calls.push(args) });
  block.run("work", { units: 10, grain: 4 }, [0.5, -7]);
  assert.deepEqual(calls, [[0.5, -7, 0, 4], [0.5, -7, 4, 8], [0.5, -7, 8, 10]]);
});

Deno.test("run() names the kernel that failed, and the block works on", () => {
  let broken = true;
  const { block } = openBlock({
    work: () => {
      if (broken) throw new Error("out of order");
    },
  });
  assert.throws(() => block.run("work", { units: 3, grain: 1 }, []), {
    message: 'Cannot run kernel "work": out of order',
  });
  broken = false;
  block.run("work", { units: 3, grain: 1 }, []);
});

Deno.test("run() reports the failure of another thread", async () => {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  // The calling thread is slow, so that the other one surely takes a unit.
  const { block, memory } = openBlock({ work: () => void Atomics.wait(pause, 0, 0, 20) });
  const worker = new Worker(new URL("./_failing_worker.ts", import.meta.url), { type: "module" });
  await new Promise((resolve) => {
    worker.onmessage = resolve;
    worker.postMessage({ memory, address: ADDRESS });
  });
  assert.throws(() => block.run("work", { units: 50, grain: 1 }, []), {
    message: /^Cannot run kernel "work": no unit \d+ here$/,
  });
  block.close();
  worker.terminate();
});
