/** What a SIMD kernel is given: inputs by address, outputs to fill, and the compiled functions. */
import type { HeapBlock } from "./heap.ts";
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

/** The caller's side of a kernel call. */
export interface OpenRuntime extends SimdRuntime {
  /** Takes an output over, so that {@linkcode close} leaves it; undefined for anything else. */
  keep(array: SimdArray): HeapBlock | undefined;
  /** Gives back all scratch, and outputs that were not kept. */
  close(): void;
}

/** Where blocks come from: a heap, or a store over one. */
export interface BlockSource {
  /** Takes a block. */
  allocate(byteLength: number): HeapBlock;
  /** Gives it back. */
  release(block: HeapBlock): void;
  /** Its values. */
  view(block: HeapBlock): Float32Array;
}

/** Takes outputs and scratch from a source of blocks, and gives back what nobody kept. */
export function openRuntime(source: BlockSource, pool: Pick<Pool, "run">): OpenRuntime {
  const outputs = new Map<number, HeapBlock>();
  const scratch: HeapBlock[] = [];
  const take = (length: number): HeapBlock => source.allocate(length * 4);
  return {
    run: (kernel, range, args) => pool.run(kernel, range, args),
    output(shape) {
      const block = take(shape.reduce((product, size) => product * size, 1));
      outputs.set(block.pointer, block);
      return arrayOf(block, shape, source.view(block));
    },
    scratch(length) {
      const block = take(length);
      scratch.push(block);
      return arrayOf(block, [length], source.view(block));
    },
    keep({ pointer }) {
      const block = outputs.get(pointer);
      outputs.delete(pointer);
      return block;
    },
    close() {
      for (const block of [...outputs.values(), ...scratch]) source.release(block);
      outputs.clear();
      scratch.length = 0;
    },
  };
}

/** A block as kernels see it. */
export function arrayOf({ pointer }: HeapBlock, shape: readonly number[], data: Float32Array): SimdArray {
  return { pointer, length: data.length, shape, data };
}
