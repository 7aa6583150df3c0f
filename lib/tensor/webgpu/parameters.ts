/** The small numbers of kernel calls, collected on the host and sent with each submission. */

/** Bytes between two calls' parameters; every adapter allows offsets of multiples of it. */
const SLOT_BYTES = 256;
const SLOTS = 1024;

/** Largest number of 32-bit values that a call may pass. */
export const MAX_PARAMETERS = SLOT_BYTES / 4;

/**
 * One uniform buffer for the parameters of all calls up to the next submission.
 *
 * A buffer of its own and a write for each call would cost more than most calls.
 */
export class ParameterBlock {
  readonly buffer: GPUBuffer;
  readonly #device: GPUDevice;
  readonly #words = new Uint32Array(SLOTS * SLOT_BYTES / 4);
  readonly #floats = new Float32Array(this.#words.buffer);
  #used = 0;

  /** An empty block. */
  constructor(device: GPUDevice) {
    this.#device = device;
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    this.buffer = device.createBuffer({ label: "parameters", size: this.#words.byteLength, usage });
  }

  /** True when the next call needs a submission first. */
  get isFull(): boolean {
    return this.#used === SLOTS;
  }

  /** Bytes of one call's parameters. */
  get slotBytes(): number {
    return SLOT_BYTES;
  }

  /**
   * Takes a call's parameters: integers first, then floats, in the order of the shader's struct.
   *
   * @returns the byte offset to bind
   * @throws {RangeError} when there are too many
   */
  add(integers: readonly number[], floats: readonly number[]): number {
    if (integers.length + floats.length > MAX_PARAMETERS) {
      const got = integers.length + floats.length;
      throw new RangeError(`Cannot pass parameters: expected at most ${MAX_PARAMETERS}, got ${got}`);
    }
    const start = this.#used * SLOT_BYTES / 4;
    this.#words.set(integers, start);
    this.#floats.set(floats, start + integers.length);
    return SLOT_BYTES * this.#used++;
  }

  /** Sends what was added; call it before the commands that use it are submitted. */
  flush(): void {
    if (this.#used > 0) this.#device.queue.writeBuffer(this.buffer, 0, this.#words, 0, this.#used * SLOT_BYTES / 4);
    this.#used = 0;
  }
}
