/** When programs ran on the device, by its own clock. */

/** One dispatch on the device. */
export interface GpuSpan {
  readonly name: string;
  /** Nanoseconds of the device's clock. */
  readonly start: number;
  readonly end: number;
}

/** Dispatches that one timeline can hold; later ones are not timed. */
const CAPACITY = 2048;

/**
 * Collects a pair of timestamps for every dispatch.
 *
 * Each timed dispatch gets a pass of its own, so that the whole is slower than without.
 */
export class Timeline {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #names: string[] = [];

  /** @throws {RangeError} when the device has no timestamps */
  constructor(device: GPUDevice) {
    if (!device.features.has("timestamp-query")) {
      throw new RangeError("Cannot time programs: expected a GPU with timestamp-query, this one lacks it");
    }
    this.#device = device;
    this.#queries = device.createQuerySet({ type: "timestamp", count: 2 * CAPACITY });
  }

  /** What a pass for one program is begun with; undefined when there is no room left. */
  next(name: string): GPUComputePassDescriptor | undefined {
    if (this.#names.length === CAPACITY) return undefined;
    const first = 2 * this.#names.length;
    this.#names.push(name);
    const place = { beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
    return { timestampWrites: { querySet: this.#queries, ...place } };
  }

  /** Reads the spans in the order of recording, and frees the timeline; everything must have been submitted. */
  async take(): Promise<GpuSpan[]> {
    const count = 2 * this.#names.length;
    if (count === 0) return [];
    const size = 8 * count;
    const resolved = this.#device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    const readable = this.#device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = this.#device.createCommandEncoder();
    encoder.resolveQuerySet(this.#queries, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, readable, 0, size);
    this.#device.queue.submit([encoder.finish()]);
    await readable.mapAsync(GPUMapMode.READ);
    const times = new BigUint64Array(readable.getMappedRange().slice(0));
    for (const part of [readable, resolved, this.#queries]) part.destroy();
    return this.#names.map((name, i) => ({ name, start: Number(times[2 * i]), end: Number(times[2 * i + 1]) }));
  }
}
