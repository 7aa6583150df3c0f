/** Arrays outside the heap, used again and again. */

/** Bytes of unused arrays that are kept. */
const MAX_UNUSED_BYTES = 2 ** 30;

/**
 * Keeps given-back arrays for the next request of their length: a training step asks for the same lengths every time, and
 * a fresh array costs eight times the copy into it, as the system hands out every page when it is first touched.
 *
 * Arrays are shared memory, by which those who must not keep a reference recognize them.
 */
export class SpillArrays {
  readonly #unused = new Map<number, Float32Array[]>();
  #unusedBytes = 0;

  /** An array; content undefined. */
  take(length: number): Float32Array {
    const array = this.#unused.get(length)?.pop();
    if (array) this.#unusedBytes -= array.byteLength;
    return array ?? new Float32Array(new SharedArrayBuffer(length * 4));
  }

  /** Gives an array back. */
  give(array: Float32Array): void {
    if (this.#unusedBytes + array.byteLength > MAX_UNUSED_BYTES) return;
    this.#unusedBytes += array.byteLength;
    const list = this.#unused.get(array.length);
    if (list) list.push(array);
    else this.#unused.set(array.length, [array]);
  }
}
