/** Values of tensors in the heap, and outside while the heap has no room for them. */
import { SLACK_BYTES, SMALL_BYTES } from "./heap.ts";
import type { Heap, HeapBlock, HeapUse } from "./heap.ts";
import { SpillArrays } from "./_spill_arrays.ts";

/** Where a tensor's values are. */
export interface StoredValues {
  /** A view of the block while there is one. */
  values: Float32Array;
  block?: HeapBlock;
  /** Set while the values lie outside because the heap was full. */
  spilled?: boolean;
}

/** Copies in one direction since the start. */
export interface CopyCount {
  readonly count: number;
  readonly bytes: number;
}

/** What tensors take in the heap and outside. */
export interface StoreUse extends HeapUse {
  /** Bytes of tensors that lie outside now because the heap was full. */
  readonly spilledBytes: number;
  /** Copies out of the heap because it was full. */
  readonly spills: CopyCount;
  /** Copies back into it. */
  readonly returns: CopyCount;
}

/**
 * Uses the heap as a cache of tensors.
 *
 * When a block does not fit, the least recently used tensors that are not pinned go out to arrays until it does.
 * Those arrays are shared memory as well: whoever must not be changed by the store copies values over shared memory.
 */
export class TensorStore {
  /** Fill new blocks and their slack with NaN, for tests: values that no kernel wrote are then seen. */
  poison = false;
  readonly #heap: Heap;
  readonly #arrays = new SpillArrays();
  /** Unpinned tensors in the heap, least recently used first; small ones go out last, as they make little room. */
  readonly #large = new Set<StoredValues>();
  readonly #small = new Set<StoredValues>();
  #spilledBytes = 0;
  #spills: CopyCount = { count: 0, bytes: 0 };
  #returns: CopyCount = { count: 0, bytes: 0 };

  /** A store over a heap with room for itself alone, apart from blocks that stay. */
  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Bytes in use and what was copied. */
  get use(): StoreUse {
    const { use } = this.#heap;
    return { ...use, spilledBytes: this.#spilledBytes, spills: this.#spills, returns: this.#returns };
  }

  /** Brings values into the heap if they are not there, and keeps them there until {@linkcode unpin}. */
  pin(tensor: StoredValues): HeapBlock {
    if (tensor.block) {
      this.#setOf(tensor.block).delete(tensor);
      return tensor.block;
    }
    const block = this.allocate(tensor.values.byteLength);
    const view = this.#heap.view(block);
    view.set(tensor.values);
    if (tensor.spilled) {
      this.#returns = plus(this.#returns, block.byteLength);
      this.#forgetSpilled(tensor);
    }
    Object.assign(tensor, { values: view, block });
    return block;
  }

  /** Lets values go out again when room is needed; they are now the most recently used ones. */
  unpin(tensor: StoredValues): void {
    if (tensor.block) this.#setOf(tensor.block).add(tensor);
  }

  /** Forgets a tensor and gives its memory back. */
  drop(tensor: StoredValues): void {
    if (tensor.spilled) this.#forgetSpilled(tensor);
    if (!tensor.block) return;
    this.#setOf(tensor.block).delete(tensor);
    this.release(tensor.block);
    tensor.block = undefined;
  }

  /**
   * Takes a block; content undefined.
   *
   * @throws {RangeError} when it does not fit even without all tensors that may go out
   */
  allocate(byteLength: number): HeapBlock {
    const block = this.#heap.tryAllocate(byteLength) ?? this.#makeRoom(byteLength);
    if (this.poison) this.#heap.view({ ...block, byteLength: byteLength + SLACK_BYTES }).fill(NaN);
    return block;
  }

  /** Gives a block back. */
  release(block: HeapBlock): void {
    this.#heap.release(block);
  }

  /** A block's values. */
  view(block: HeapBlock): Float32Array {
    return this.#heap.view(block);
  }

  #makeRoom(byteLength: number): HeapBlock {
    // What never fits must not empty the heap.
    if (byteLength > this.#heap.use.limitBytes) throw this.#heap.fullError(byteLength);
    for (const tensors of [this.#large, this.#small]) {
      for (const tensor of tensors) {
        this.#spill(tensor);
        const block = this.#heap.tryAllocate(byteLength);
        if (block) return block;
      }
    }
    throw this.#heap.fullError(byteLength);
  }

  #spill(tensor: StoredValues): void {
    const block = tensor.block!;
    const outside = this.#arrays.take(tensor.values.length);
    outside.set(tensor.values);
    this.drop(tensor);
    Object.assign(tensor, { values: outside, spilled: true });
    this.#spilledBytes += block.byteLength;
    this.#spills = plus(this.#spills, block.byteLength);
  }

  #forgetSpilled(tensor: StoredValues): void {
    this.#spilledBytes -= tensor.values.byteLength;
    this.#arrays.give(tensor.values);
    tensor.spilled = false;
  }

  #setOf({ byteLength }: HeapBlock): Set<StoredValues> {
    return byteLength < SMALL_BYTES ? this.#small : this.#large;
  }
}

function plus({ count, bytes }: CopyCount, more: number): CopyCount {
  return { count: count + 1, bytes: bytes + more };
}
