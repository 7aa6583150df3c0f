/** One WebAssembly memory for tensors, with free lists by size class. */

/** Alignment of every block: a cache line, and whole vectors. */
const ALIGNMENT = 64;
const PAGE = 65536;
/** Pages a 32-bit memory can have. */
export const MAX_PAGES = 65536;
/** Room after a block for kernels that read or write whole vectors past its end. */
const SLACK = 64;

/** A block of memory. */
export interface HeapBlock {
  /** Byte address. */
  readonly pointer: number;
  /** Bytes that may be used. */
  readonly byteLength: number;
}

/** What the heap holds now and held at most. */
export interface HeapUse {
  readonly usedBytes: number;
  readonly peakBytes: number;
  /** Bytes the memory has grown to. */
  readonly heldBytes: number;
}

/**
 * Allocates aligned blocks.
 *
 * Sizes are rounded up to one of eight classes per power of two, so that at most an eighth is wasted and blocks of
 * a training step find their like again in the next one. Freed blocks are kept for their class.
 */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly #free = new Map<number, number[]>();
  #next = ALIGNMENT;
  #used = 0;
  #peak = 0;

  /** A heap over a memory that nothing else allocates from, starting after `reservedBytes`. */
  constructor(memory: WebAssembly.Memory, reservedBytes: number) {
    this.memory = memory;
    this.#next = Math.ceil(Math.max(ALIGNMENT, reservedBytes) / ALIGNMENT) * ALIGNMENT;
  }

  /** Bytes in use, at most in use, and held. */
  get use(): HeapUse {
    return { usedBytes: this.#used, peakBytes: this.#peak, heldBytes: this.memory.buffer.byteLength };
  }

  /**
   * Takes a block; its content is whatever was there before.
   *
   * @throws {RangeError} when the memory cannot grow any more
   */
  allocate(byteLength: number): HeapBlock {
    const size = sizeClass(byteLength + SLACK);
    const pointer = this.#free.get(size)?.pop() ?? this.#extend(size);
    this.#used += size;
    this.#peak = Math.max(this.#peak, this.#used);
    return { pointer, byteLength };
  }

  /** Gives a block back. */
  release({ pointer, byteLength }: HeapBlock): void {
    const size = sizeClass(byteLength + SLACK);
    this.#used -= size;
    const list = this.#free.get(size);
    if (list) list.push(pointer);
    else this.#free.set(size, [pointer]);
  }

  /** The block's values; stays valid when the memory grows. */
  view({ pointer, byteLength }: HeapBlock): Float32Array {
    return new Float32Array(this.memory.buffer, pointer, byteLength / 4);
  }

  #extend(size: number): number {
    const pointer = this.#next;
    const end = pointer + size;
    const held = this.memory.buffer.byteLength;
    if (end > MAX_PAGES * PAGE) {
      throw new RangeError(
        `Cannot allocate ${size} bytes: expected at most 4 GiB of tensors, ${this.#used} are in use`,
      );
    }
    if (end > held) {
      // Growing by a quarter at a time keeps the number of growths small.
      const pages = Math.min(MAX_PAGES - held / PAGE, Math.ceil(Math.max(end - held, held / 4) / PAGE));
      this.memory.grow(pages);
    }
    this.#next = end;
    return pointer;
  }
}

function sizeClass(byteLength: number): number {
  const step = Math.max(ALIGNMENT, 2 ** Math.floor(Math.log2(byteLength)) / 8);
  return Math.ceil(byteLength / step) * step;
}
