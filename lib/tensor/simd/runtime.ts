/** What a SIMD kernel is given: inputs by address, outputs to fill, and the compiled functions. */
import type { Heap } from "./heap.ts";
import type { UnitRange } from "./job.ts";
import type { Pool } from "./pool.ts";

/** A tensor in the heap. */
export interface SimdArray {
  /** Byte address of the first value. */
  readonly pointer: number;
  readonly length: number;
  readonly shape: readonly number[];
  /** The same values for plain code. */
  readonly data: Float32Array;
}

/** Services for one kernel call. */
export interface SimdRuntime {
  /** Calls `kernel(...args, begin, end)` for ranges of `grain` units that cover [0, units), on all threads. */
  run(kernel: string, range: UnitRange, args: readonly number[]): void;
  /** A new output; its content is undefined until the kernel writes it. */
  output(shape: readonly number[]): SimdArray;
  /** Memory until the end of the call; content undefined. */
  scratch(length: number): SimdArray;
}

/** Takes outputs and scratch from a heap, and gives scratch back after the call. */
export function openRuntime(heap: Heap, pool: Pick<Pool, "run">): SimdRuntime & { close(): void } {
  const take = (shape: readonly number[]): SimdArray => {
    const length = shape.reduce((product, size) => product * size, 1);
    const block = heap.allocate(length * 4);
    return { pointer: block.pointer, length, shape, data: heap.view(block) };
  };
  const temporary: SimdArray[] = [];
  return {
    run: (kernel, range, args) => pool.run(kernel, range, args),
    output: take,
    scratch(length) {
      const array = take([length]);
      temporary.push(array);
      return array;
    },
    close() {
      for (const { pointer, length } of temporary) heap.release({ pointer, byteLength: length * 4 });
    },
  };
}
