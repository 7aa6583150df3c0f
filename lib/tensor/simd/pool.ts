/** Threads that run kernels together. */
import type { Heap } from "./heap.ts";
import { JOB_BYTES, JobBlock } from "./job.ts";
import type { UnitRange } from "./job.ts";
import { compileKernels, instantiateKernels } from "./kernels.ts";
import type { KernelExports } from "./kernels.ts";
import type { PoolWorkerStart } from "./pool_worker.ts";

/** Bytes that every instance of the module keeps as scratch; asked of an instance that has none yet. */
function scratchBytes(module: WebAssembly.Module, memory: WebAssembly.Memory): number {
  return Number(instantiateKernels(module, { memory, scratch: 0 }).threadScratchBytes());
}

/** Runs kernels on the calling thread and a fixed number of workers. */
export class Pool {
  readonly #block: JobBlock;
  readonly #kernels: KernelExports;
  /** Threads that compute, the caller's included. */
  readonly threads: number;

  private constructor(block: JobBlock, { kernels, threads }: { kernels: KernelExports; threads: number }) {
    this.#block = block;
    this.#kernels = kernels;
    this.threads = threads;
  }

  /** Compiles the kernels and starts `threads` − 1 workers; with 1 there is none, and nothing is shared. */
  static async open(heap: Heap, threads: number): Promise<Pool> {
    const module = await compileKernels();
    const { memory } = heap;
    const bytes = scratchBytes(module, memory);
    const address = heap.allocate(JOB_BYTES).pointer;
    const start = (): PoolWorkerStart => ({ module, memory, scratch: heap.allocate(bytes).pointer, address });
    const kernels = instantiateKernels(module, start());
    const block = new JobBlock(memory, { address, kernels });
    block.reset();
    await Promise.all(Array.from({ length: threads - 1 }, () => startWorker(start())));
    return new Pool(block, { kernels, threads });
  }

  /**
   * Calls `kernel(...args, begin, end)` for ranges that cover [0, units), on all threads.
   *
   * @throws {RangeError} when there is no such kernel
   * @throws {Error} when the kernel fails
   */
  run(kernel: string, { units, grain }: UnitRange, args: readonly number[]): void {
    if (!(kernel in this.#kernels)) throw new RangeError(`Cannot run kernel "${kernel}": the module has none`);
    if (units === 0) return;
    if (this.threads === 1 || units <= grain) this.#kernels[kernel](...args, 0, units);
    else this.#block.run(kernel, { units, grain }, args);
  }

  /** Calls a function of the module that is no kernel over units, on the calling thread. */
  call(name: string, ...args: number[]): number {
    return Number(this.#kernels[name](...args));
  }

  /** Ends the workers. */
  close(): void {
    this.#block.close();
  }
}

function startWorker(start: PoolWorkerStart): Promise<void> {
  const worker = new Worker(new URL("./pool_worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = (): void => resolve();
    worker.onerror = (event): void => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(start);
  });
}
