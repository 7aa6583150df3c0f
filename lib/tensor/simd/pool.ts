/** Threads that run kernels together. */
import type { Heap } from "./heap.ts";
import { JOB_BYTES, JobBlock } from "./job.ts";
import type { UnitRange } from "./job.ts";
import { compileKernels, instantiateKernels } from "./kernels.ts";
import type { KernelExports } from "./kernels.ts";
import type { PoolWorkerStart } from "./pool_worker.ts";
import { startThread } from "./thread.ts";
import { wideTileGain } from "./tile_speed.ts";

/** Bytes that every instance of the module keeps as scratch; asked of an instance that has none yet. */
function scratchBytes(module: WebAssembly.Module, memory: WebAssembly.Memory): number {
  return Number(instantiateKernels(module, { memory, scratch: 0 }).threadScratchBytes());
}

/** Gain of wide tiles from which on vectors must be of 256 bits: between the two measured cases. */
const GAIN_OF_256_BITS = 1.15;

/** Runs kernels on the calling thread and a fixed number of workers. */
export class Pool {
  readonly #block: JobBlock;
  readonly #kernels: KernelExports;
  /** Threads that compute, the caller's included. */
  readonly threads: number;
  /** Bits of the vectors that the matrix product is computed with. */
  readonly vectorBits: 128 | 256;

  private constructor(
    block: JobBlock,
    { kernels, threads, vectorBits }: { kernels: KernelExports } & Pick<Pool, "threads" | "vectorBits">,
  ) {
    this.#block = block;
    this.#kernels = kernels;
    this.threads = threads;
    this.vectorBits = vectorBits;
  }

  /** Compiles the kernels and starts `threads` − 1 workers; without them where they cannot be started. */
  static async open(heap: Heap, threads: number): Promise<Pool> {
    return await Pool.start(await compileKernels(), { heap, threads });
  }

  /** Starts `threads` − 1 workers on a compiled module. */
  static async start(
    module: WebAssembly.Module,
    { heap, threads }: { heap: Heap; threads: number },
  ): Promise<Pool> {
    const { memory } = heap;
    const bytes = scratchBytes(module, memory);
    const address = heap.allocate(JOB_BYTES).pointer;
    const scratch = (): number => heap.allocate(bytes).pointer;
    const kernels = instantiateKernels(module, { memory, scratch: scratch() });
    const gain = wideTileGain(kernels, heap);
    const wide = gain > 1;
    kernels.setWideTiles(Number(wide));
    const block = new JobBlock(memory, { address, kernels });
    block.reset();
    const start = { module, memory, address, wide };
    const workers = Array.from({ length: threads - 1 }, () => startWorker({ ...start, scratch: scratch() }));
    const started = await Promise.allSettled(workers);
    // Where memory cannot be shared, as on a web page that is not cross-origin isolated, one thread does it all.
    const alone = started.some(({ status }) => status === "rejected");
    if (alone) block.close();
    const vectorBits = gain > GAIN_OF_256_BITS ? 256 : 128;
    return new Pool(block, { kernels, threads: alone ? 1 : threads, vectorBits });
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

async function startWorker(start: PoolWorkerStart): Promise<void> {
  await startThread(new URL("./pool_worker.ts", import.meta.url), start);
}
