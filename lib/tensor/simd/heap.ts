/** One WebAssembly memory for tensors: aligned blocks, best fit, growth by need up to a limit. */
import { FreeSpans } from "./_free_spans.ts";

const PAGE = 65536;
/** Pages a 32-bit memory can have. */
export const MAX_PAGES = 65536;
/** The default limit: the last page stays free, so that the address after a block's end is still a 32-bit number. */
export const MAX_HEAP_BYTES = (MAX_PAGES - 1) * PAGE;

/** Blocks consist of whole lines, which is their alignment: a cache line, and whole vectors. */
const LINE = 64;
/** Room after a block for kernels that read or write whole vectors past its end. */
export const SLACK_BYTES = 64;
/** Most that the memory grows at a time when nothing asks for more. */
const MAX_GROWTH_BYTES = 128 * 2 ** 20;

/** Blocks below this size are small: they come from slabs, so that they leave no holes between large ones. */
export const SMALL_BYTES = 65536;
const SMALL_LINES = SMALL_BYTES / LINE;
const SLAB_LINES = 512 * 1024 / LINE;

/** A block of memory. */
export interface HeapBlock {
  /** Byte address. */
  readonly pointer: number;
  /** Bytes that may be used. */
  readonly byteLength: number;
}

/** What the heap holds now and held at most. */
export interface HeapUse {
  /** Bytes in blocks, their slack and rounding included. */
  readonly usedBytes: number;
  readonly peakBytes: number;
  /** Bytes the memory has grown to. */
  readonly heldBytes: number;
  /** Bytes it may grow to. */
  readonly limitBytes: number;
}

/** Settings of a heap. */
export interface HeapOptions {
  /** Bytes of the memory that may be used, default {@link MAX_HEAP_BYTES}. */
  readonly limitBytes?: number;
}

/**
 * Allocates aligned blocks from the shortest free span that has room for them.
 *
 * Large blocks and slabs lie in one set of spans. A slab's last line is never given out: so spans of two slabs never
 * join, and a slab with nothing in it is recognized by its length and goes back to the large ones.
 */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly #large = new FreeSpans();
  readonly #small = new FreeSpans();
  readonly #limit: number;
  /** The line up to which memory has been handed to the free spans. */
  #top: number;
  #used = 0;
  #peak = 0;

  /** A heap over a memory that nothing else allocates from, starting after `reservedBytes`. */
  constructor(memory: WebAssembly.Memory, reservedBytes: number, { limitBytes = MAX_HEAP_BYTES }: HeapOptions = {}) {
    this.memory = memory;
    this.#limit = Math.floor(Math.min(limitBytes, MAX_HEAP_BYTES) / LINE);
    // Address 0 stays free: it means "none" to kernels.
    this.#top = Math.ceil(Math.max(LINE, reservedBytes) / LINE);
    this.#addUpTo(memory.buffer.byteLength / LINE);
  }

  /** Bytes in use, at most in use, held, and the limit. */
  get use(): HeapUse {
    return {
      usedBytes: this.#used * LINE,
      peakBytes: this.#peak * LINE,
      heldBytes: this.memory.buffer.byteLength,
      limitBytes: this.#limit * LINE,
    };
  }

  /** Free spans as byte addresses and lengths, in address order: large ones, and those inside slabs. */
  get free(): { readonly large: HeapBlock[]; readonly small: HeapBlock[] } {
    const blocks = (spans: FreeSpans): HeapBlock[] =>
      spans.spans.map(({ start, length }) => ({ pointer: start * LINE, byteLength: length * LINE }));
    return { large: blocks(this.#large), small: blocks(this.#small) };
  }

  /**
   * Takes a block; its content is whatever was there before.
   *
   * @throws {RangeError} when it does not fit
   */
  allocate(byteLength: number): HeapBlock {
    const block = this.tryAllocate(byteLength);
    if (!block) throw this.fullError(byteLength);
    return block;
  }

  /** Takes a block, or returns undefined when it does not fit. */
  tryAllocate(byteLength: number): HeapBlock | undefined {
    const lines = linesOf(byteLength);
    const start = lines < SMALL_LINES ? this.#takeSmall(lines) : this.#takeLarge(lines);
    if (start === undefined) return undefined;
    this.#used += lines;
    this.#peak = Math.max(this.#peak, this.#used);
    return { pointer: start * LINE, byteLength };
  }

  /** Gives a block back. */
  release({ pointer, byteLength }: HeapBlock): void {
    const lines = linesOf(byteLength);
    this.#used -= lines;
    if (lines >= SMALL_LINES) {
      this.#large.add(pointer / LINE, lines);
      return;
    }
    const span = this.#small.add(pointer / LINE, lines);
    if (span.length < SLAB_LINES - 1) return;
    this.#small.remove(span);
    this.#large.add(span.start, SLAB_LINES);
  }

  /** The block's values; stays valid when the memory grows. */
  view({ pointer, byteLength }: HeapBlock): Float32Array {
    return new Float32Array(this.memory.buffer, pointer, byteLength / 4);
  }

  /** Says that a block does not fit. */
  fullError(byteLength: number): RangeError {
    const { usedBytes, limitBytes } = this.use;
    const most = formatBytes(limitBytes);
    return new RangeError(
      `Cannot allocate ${byteLength} bytes: expected at most ${most} of tensors, ${usedBytes} are in use`,
    );
  }

  #takeSmall(lines: number): number | undefined {
    const start = this.#small.take(lines);
    if (start !== undefined) return start;
    const slab = this.#takeLarge(SLAB_LINES);
    if (slab === undefined) return undefined;
    this.#small.add(slab, SLAB_LINES - 1);
    return this.#small.take(lines);
  }

  #takeLarge(lines: number): number | undefined {
    // Spans count lines in 31 bits.
    if (lines > this.#limit) return undefined;
    return this.#large.take(lines) ?? (this.#growFor(lines) ? this.#large.take(lines) : undefined);
  }

  /** Grows the memory until `lines` are free at its end. */
  #growFor(lines: number): boolean {
    const tail = this.#large.endingAt(this.#top)?.length ?? 0;
    const needed = this.#top + lines - tail;
    if (needed > this.#limit) return false;
    const held = this.memory.buffer.byteLength;
    // Doubling keeps the number of growths small; a system without so much memory may still have what is needed.
    const generous = Math.min(this.#limit * LINE, held + Math.min(held, MAX_GROWTH_BYTES));
    return this.#growTo(Math.max(needed * LINE, generous)) || this.#growTo(needed * LINE);
  }

  #growTo(bytes: number): boolean {
    const pages = Math.ceil(bytes / PAGE) - this.memory.buffer.byteLength / PAGE;
    try {
      if (pages > 0) this.memory.grow(pages);
    } catch {
      return false;
    }
    this.#addUpTo(this.memory.buffer.byteLength / LINE);
    return true;
  }

  /** Hands memory up to a line, at most to the limit, to the free spans. */
  #addUpTo(line: number): void {
    const top = Math.min(line, this.#limit);
    if (top <= this.#top) return;
    this.#large.add(this.#top, top - this.#top);
    this.#top = top;
  }
}

function linesOf(byteLength: number): number {
  return Math.ceil((byteLength + SLACK_BYTES) / LINE);
}

/** `4 GiB`, `64 MiB`, `1.5 MiB`: two decimals where they say something. */
function formatBytes(bytes: number): string {
  const [unit, size] = bytes >= 2 ** 30 ? ["GiB", 2 ** 30] : ["MiB", 2 ** 20];
  return `${Number((bytes / size).toFixed(2))} ${unit}`;
}
