/** Memory on the device, kept for reuse by size. */

interface Shelf {
  readonly free: GPUBuffer[];
  readonly used: Set<GPUBuffer>;
}

/**
 * The pool that TensorFlow.js's tensors, staging and our scratch share; it takes the place of its own.
 *
 * Of the free buffers of a size the one made first is taken, whatever was freed last. Training steps that ask for the same
 * sizes in the same order then get the same buffers, and find the groups of bindings of the step before.
 */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #shelves = new Map<string, Shelf>();
  readonly #numbers = new WeakMap<GPUBuffer, number>();
  #lastNumber = 0;
  #used = 0;
  /** Bytes of buffers in use. */
  numBytesUsed = 0;
  /** Bytes of all buffers. */
  numBytesAllocated = 0;

  /** An empty pool. */
  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Buffers made so far. */
  get made(): number {
    return this.#lastNumber;
  }

  /** A buffer of exactly this size and usage; without `reuse` it is a new one. */
  acquireBuffer(size: number, usage: GPUBufferUsageFlags, mappedAtCreation = false, reuse = true): GPUBuffer {
    const shelf = this.#shelf(size, usage);
    const buffer = (reuse ? this.#first(shelf.free) : undefined) ?? this.#make({ size, usage, mappedAtCreation });
    shelf.used.add(buffer);
    this.#used++;
    this.numBytesUsed += size;
    return buffer;
  }

  /** Takes a buffer back; without `reuse` its memory is freed. */
  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    const { size, usage } = buffer;
    const { free, used } = this.#shelf(size, usage);
    if (!used.delete(buffer)) return;
    this.#used--;
    this.numBytesUsed -= size;
    if (reuse) free.push(buffer);
    else this.#destroy(buffer);
  }

  /** Frees the memory of all buffers that are not in use. */
  trim(): void {
    for (const { free } of this.#shelves.values()) for (const buffer of free.splice(0)) this.#destroy(buffer);
  }

  /** Buffers in use; TensorFlow.js asks for it. */
  getNumUsedBuffers(): number {
    return this.#used;
  }

  /** Buffers that wait for use; TensorFlow.js asks for it. */
  getNumFreeBuffers(): number {
    return [...this.#shelves.values()].reduce((count, { free }) => count + free.length, 0);
  }

  /** Frees everything. */
  dispose(): void {
    this.trim();
    for (const { used } of this.#shelves.values()) for (const buffer of used) buffer.destroy();
    this.#shelves.clear();
    this.#used = this.numBytesUsed = this.numBytesAllocated = 0;
  }

  #shelf(size: number, usage: GPUBufferUsageFlags): Shelf {
    const key = `${size}/${usage}`;
    const known = this.#shelves.get(key);
    if (known) return known;
    const shelf = { free: [], used: new Set<GPUBuffer>() };
    this.#shelves.set(key, shelf);
    return shelf;
  }

  #first(free: GPUBuffer[]): GPUBuffer | undefined {
    if (free.length === 0) return undefined;
    const first = free.reduce((a, b) => this.#numbers.get(a)! < this.#numbers.get(b)! ? a : b);
    free.splice(free.indexOf(first), 1);
    return first;
  }

  #make(descriptor: GPUBufferDescriptor): GPUBuffer {
    const buffer = this.#device.createBuffer(descriptor);
    this.#numbers.set(buffer, ++this.#lastNumber);
    this.numBytesAllocated += descriptor.size;
    return buffer;
  }

  #destroy(buffer: GPUBuffer): void {
    buffer.destroy();
    this.numBytesAllocated -= buffer.size;
  }
}
