/** A tfjs backend whose tensors live in one WebAssembly memory, with SIMD kernels and tfjs's plain ones as fallback. */
import { MathBackendCPU } from "../tf.ts";
import type { DataType, TensorInfo } from "../tf.ts";
import { Heap, MAX_HEAP_BYTES } from "./heap.ts";
import { Pool } from "./pool.ts";
import { arrayOf, openRuntime } from "./runtime.ts";
import type { SimdArray, SimdRuntime } from "./runtime.ts";
import { TensorStore } from "./store.ts";
import type { StoredValues, StoreUse } from "./store.ts";

type PlainValues = Parameters<MathBackendCPU["write"]>[0];

/** What tfjs keeps behind a data id: several tensors may share it, and only float32 values go to the heap. */
interface TensorData {
  readonly values: PlainValues;
  readonly dtype: DataType;
}

/** What `tf.memory()` says on this backend, besides tfjs's own counts. */
export type SimdMemory = ReturnType<MathBackendCPU["memory"]> & { readonly heap: StoreUse };

/** Settings of the backend. */
export interface SimdOptions {
  readonly threads: number;
  /** Bytes that tensors in the heap and the threads' scratch may take, default 4 GiB without a page. */
  readonly heapBytes?: number;
  /** See {@linkcode SimdBackend.poison}. */
  readonly poison?: boolean;
}

/** Bytes at the start of the memory that the compiled module keeps for itself. */
const RESERVED_BYTES = 4096;
/** Pages that the compiled module asks for. */
const INITIAL_PAGES = 256;
const PAGE_BYTES = 65536;

/**
 * Stores float32 tensors in the heap from the first time a SIMD kernel reads or writes them.
 *
 * Plain kernels see the same values as ordinary arrays, so that every tfjs operation works. When the heap is full, the
 * tensors that were used longest ago go out to arrays, and come back when a SIMD kernel needs them.
 */
export class SimdBackend extends MathBackendCPU {
  readonly #store: TensorStore;
  readonly #pool: Pool;

  private constructor(store: TensorStore, pool: Pool) {
    super();
    this.#store = store;
    this.#pool = pool;
  }

  /**
   * Opens a heap, compiles the kernels and starts the threads.
   *
   * @throws {RangeError} when `heapBytes` is more than the memory can have, or too little for the threads' scratch
   */
  static async open({ threads, heapBytes = MAX_HEAP_BYTES, poison = false }: SimdOptions): Promise<SimdBackend> {
    if (!(heapBytes > 0 && heapBytes <= MAX_HEAP_BYTES)) {
      throw new RangeError(`Cannot open simd: expected heapBytes of 1 to ${MAX_HEAP_BYTES}, got ${heapBytes}`);
    }
    // Shared memory is reserved up to its maximum at once, which a phone may not grant for all that can be addressed.
    const maximum = Math.max(INITIAL_PAGES, Math.ceil(heapBytes / PAGE_BYTES) + 1);
    const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum, shared: true });
    const heap = new Heap(memory, RESERVED_BYTES, { limitBytes: heapBytes });
    const backend = new SimdBackend(new TensorStore(heap), await Pool.open(heap, threads));
    backend.poison = poison;
    return backend;
  }

  /** Threads that compute, and the bits of their vectors. */
  get speed(): Pick<Pool, "threads" | "vectorBits"> {
    const { threads, vectorBits } = this.#pool;
    return { threads, vectorBits };
  }

  /** Bytes in the heap and outside, and what was copied between them. */
  get heapUse(): StoreUse {
    return this.#store.use;
  }

  /** Whether outputs and scratch are filled with NaN before a kernel runs: tests then see values it leaves unwritten. */
  get poison(): boolean {
    return this.#store.poison;
  }

  set poison(value: boolean) {
    this.#store.poison = value;
  }

  /**
   * Runs a SIMD kernel: inputs are brought into the heap, outputs become tensors.
   *
   * @throws {RangeError} when inputs, outputs and scratch do not fit into the heap together
   */
  runKernel(
    inputs: Readonly<Record<string, TensorInfo>>,
    kernel: (arrays: Record<string, SimdArray>, runtime: SimdRuntime) => SimdArray[],
  ): TensorInfo[] {
    const pinned: StoredValues[] = [];
    const runtime = openRuntime(this.#store, this.#pool);
    try {
      const arrays = Object.entries(inputs).map(([name, info]) => [name, this.#input(info, { runtime, pinned })]);
      const outputs = kernel(Object.fromEntries(arrays), runtime);
      return outputs.map((output) => {
        const block = runtime.keep(output);
        // What the kernel did not take as an output belongs to someone else.
        if (!block) return this.makeTensorInfo([...output.shape], "float32", output.data);
        return this.#adopt(output, { block, pinned });
      });
    } finally {
      runtime.close();
      for (const tensor of pinned) this.#store.unpin(tensor);
    }
  }

  /** Stores values; those over shared memory are copied, as plain kernels such as slice pass on views of their inputs. */
  override write(values: PlainValues, shape: number[], dtype: DataType): object {
    return super.write(isShared(values) ? values.slice() : values, shape, dtype);
  }

  override readSync(dataId: object): ReturnType<MathBackendCPU["readSync"]> {
    const { values } = this.#dataOf(dataId);
    // The store uses the memory again when the tensor goes, and shared memory is refused by many platform functions.
    return isShared(values) ? values.slice() : super.readSync(dataId);
  }

  override disposeData(dataId: object, force = false): boolean {
    const data = this.data.has(dataId) ? this.#dataOf(dataId) : undefined;
    const disposed = super.disposeData(dataId, force);
    if (disposed && data && isStored(data)) this.#store.drop(data);
    return disposed;
  }

  override memory(): SimdMemory {
    return { ...super.memory(), heap: this.heapUse };
  }

  #input(
    { dataId, shape }: TensorInfo,
    { runtime, pinned }: { runtime: SimdRuntime; pinned: StoredValues[] },
  ): SimdArray {
    const data = this.#dataOf(dataId);
    if (isStored(data)) {
      const block = this.#store.pin(data);
      pinned.push(data);
      return arrayOf(block, shape, data.values);
    }
    // A float32 tensor can share its data with the int32 or bool tensor it was cast from.
    const values = data.values as ArrayLike<number>;
    const copy = runtime.scratch(values.length);
    copy.data.set(values);
    return { ...copy, shape };
  }

  /** Makes a tensor of a kernel's output. */
  #adopt(
    { data, shape }: SimdArray,
    { block, pinned }: { block: StoredValues["block"]; pinned: StoredValues[] },
  ): TensorInfo {
    const dataId = super.write(data, [...shape], "float32");
    const stored = Object.assign(this.#dataOf(dataId) as StoredValues, { block });
    pinned.push(stored);
    return { dataId, shape: [...shape], dtype: "float32" };
  }

  #dataOf(dataId: object): TensorData {
    return this.data.get(dataId) as unknown as TensorData;
  }
}

/** True for values in the heap. Pages that are not cross-origin isolated have shared memory, but not its class. */
function isShared(values: PlainValues | undefined): values is Float32Array {
  return values instanceof Float32Array && !((values.buffer as ArrayBufferLike) instanceof ArrayBuffer);
}

function isStored(data: { readonly values: PlainValues }): data is StoredValues {
  return data.values instanceof Float32Array;
}
