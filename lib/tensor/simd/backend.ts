/** A tfjs backend whose tensors live in one WebAssembly memory, with SIMD kernels and tfjs's plain ones as fallback. */
import { MathBackendCPU } from "../tf.ts";
import type { DataType, TensorInfo } from "../tf.ts";
import { Heap, MAX_PAGES } from "./heap.ts";
import type { HeapBlock, HeapUse } from "./heap.ts";
import { Pool } from "./pool.ts";
import { openRuntime } from "./runtime.ts";
import type { SimdArray, SimdRuntime } from "./runtime.ts";

interface TensorData {
  values: Float32Array;
  dtype: DataType;
  /** Set once the values lie in the heap. */
  block?: HeapBlock;
}

/** Bytes at the start of the memory that the compiled module keeps for itself. */
const RESERVED_BYTES = 4096;

/**
 * Stores float32 tensors in the heap from the first time a SIMD kernel reads or writes them.
 *
 * Plain kernels see the same values as ordinary arrays, so that every tfjs operation works.
 */
export class SimdBackend extends MathBackendCPU {
  readonly #heap: Heap;
  readonly #pool: Pool;

  private constructor(heap: Heap, pool: Pool) {
    super();
    this.#heap = heap;
    this.#pool = pool;
  }

  /** Opens a heap, compiles the kernels and starts the threads. */
  static async open({ threads }: { threads: number }): Promise<SimdBackend> {
    const memory = new WebAssembly.Memory({ initial: 256, maximum: MAX_PAGES, shared: true });
    const heap = new Heap(memory, RESERVED_BYTES);
    return new SimdBackend(heap, await Pool.open(heap, threads));
  }

  /** Threads that compute, and the bits of their vectors. */
  get speed(): Pick<Pool, "threads" | "vectorBits"> {
    const { threads, vectorBits } = this.#pool;
    return { threads, vectorBits };
  }

  /** Bytes of the heap in use. */
  get heapUse(): HeapUse {
    return this.#heap.use;
  }

  /** Runs a SIMD kernel: inputs are brought into the heap, outputs become tensors. */
  runKernel(
    inputs: Readonly<Record<string, TensorInfo>>,
    kernel: (arrays: Record<string, SimdArray>, runtime: SimdRuntime) => SimdArray[],
  ): TensorInfo[] {
    const arrays = Object.fromEntries(Object.entries(inputs).map(([name, info]) => [name, this.#arrayOf(info)]));
    const runtime = openRuntime(this.#heap, this.#pool);
    let outputs: SimdArray[];
    try {
      outputs = kernel(arrays, runtime);
    } finally {
      runtime.close();
    }
    return outputs.map(({ pointer, length, shape, data }) => {
      const info = this.makeTensorInfo([...shape], "float32", data);
      this.#dataOf(info.dataId).block = { pointer, byteLength: length * 4 };
      return info;
    });
  }

  override readSync(dataId: object): ReturnType<MathBackendCPU["readSync"]> {
    const { block, values } = this.#dataOf(dataId);
    // The heap reuses the memory when the tensor goes, and shared memory is refused by many platform functions.
    return block ? values.slice() : super.readSync(dataId);
  }

  override disposeData(dataId: object, force = false): boolean {
    const block = this.data.has(dataId) ? this.#dataOf(dataId).block : undefined;
    const disposed = super.disposeData(dataId, force);
    if (disposed && block) this.#heap.release(block);
    return disposed;
  }

  #arrayOf({ dataId, shape }: TensorInfo): SimdArray {
    const data = this.#dataOf(dataId);
    if (!data.block) {
      const block = this.#heap.allocate(data.values.length * 4);
      const values = this.#heap.view(block);
      values.set(data.values);
      Object.assign(data, { block, values });
    }
    return { pointer: data.block!.pointer, length: data.values.length, shape, data: data.values };
  }

  #dataOf(dataId: object): TensorData {
    return this.data.get(dataId) as unknown as TensorData;
  }
}
