/** Small tensors on their way to the device, collected on the host and sent with each submission. */

/** Bytes of all tensors of a submission, and of the largest that is worth collecting. */
const CAPACITY = 2 ** 20, LARGEST = 2 ** 16;

/**
 * One buffer for the values of all small tensors up to the next submission.
 *
 * A staging buffer for each would cost more than most kernels: steps of training make dozens of single numbers.
 */
export class UploadBlock {
  readonly buffer: GPUBuffer;
  readonly #device: GPUDevice;
  readonly #bytes = new Uint8Array(CAPACITY);
  #used = 0;

  /** An empty block. */
  constructor(device: GPUDevice) {
    this.#device = device;
    const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    this.buffer = device.createBuffer({ label: "uploads", size: CAPACITY, usage });
  }

  /** True for tensors small enough to be collected. */
  takes(byteLength: number): boolean {
    return byteLength <= LARGEST;
  }

  /** True when there is room for so many bytes before the next submission. */
  hasRoom(byteLength: number): boolean {
    return this.#used + byteLength <= CAPACITY;
  }

  /**
   * Takes values.
   *
   * @returns the byte offset in the buffer to copy from
   */
  add(values: Float32Array | Int32Array): number {
    const offset = this.#used;
    this.#bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    this.#used += values.byteLength;
    return offset;
  }

  /** Sends what was added; call it before the commands that copy it are submitted. */
  flush(): void {
    if (this.#used > 0) this.#device.queue.writeBuffer(this.buffer, 0, this.#bytes, 0, this.#used);
    this.#used = 0;
  }
}
