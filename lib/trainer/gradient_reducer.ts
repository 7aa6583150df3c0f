/** Gradients summed over all ranks, in buckets, while the backward pass still goes on. */
import type { Communicator, PendingSum } from "../communicator.ts";
import { tf } from "../tensor/mod.ts";
import type { Tensor, Variable } from "../tensor/mod.ts";

/** A parameter whose gradient is reduced. */
export interface ReducedParameter {
  readonly name: string;
  readonly variable: Variable;
}

/** How gradients travel. */
export interface ReducerOptions {
  readonly communicator: Communicator;
  /** Bytes that are sent at once; default 4 MiB. */
  readonly bucketBytes?: number;
}

const BUCKET_BYTES = 4 * 2 ** 20;

/**
 * Sums the gradients of an update over all ranks.
 *
 * All gradients lie one behind the other, those of the last layers first, as the backward pass finds them; the row is cut
 * into buckets. A bucket is sent as soon as it and all before it are complete, so that every rank sends the same ones in
 * the same order. Parameters that no rank had a gradient of in the first update, as the official networks have some, are
 * left out of the row from then on.
 */
export class GradientReducer {
  readonly #communicator: Communicator;
  readonly #parameters: readonly ReducedParameter[];
  readonly #bucketBytes: number;
  #isFirst = true;
  #row: Row;
  /** Values of every bucket that are not there yet. */
  #missing: number[] = [];
  readonly #added = new Set<string>();
  #pending: PendingSum[] = [];

  /** A reducer for the same parameters, in the same order, on every rank. */
  constructor(
    parameters: readonly ReducedParameter[],
    { communicator, bucketBytes = BUCKET_BYTES }: ReducerOptions,
  ) {
    this.#communicator = communicator;
    this.#parameters = parameters.toReversed();
    this.#bucketBytes = bucketBytes;
    this.#row = layOut(this.#parameters, bucketBytes);
    this.#restart();
  }

  /** Takes a gradient that is complete on this rank: the sum of its parts. */
  add(name: string, parts: readonly Float32Array[]): void {
    const place = this.#row.places.get(name);
    if (!place) return;
    const { offset, size } = place;
    const values = this.#row.values.subarray(offset, offset + size);
    values.fill(0);
    for (const part of parts) for (let i = 0; i < values.length; i++) values[i] += part[i];
    this.#added.add(name);
    this.#count(offset, offset + size);
    this.#send();
  }

  /** Lets what is under way go on. */
  progress(): void {
    for (const sum of this.#pending) sum.progress();
  }

  /**
   * Sends what is left, waits, and puts the sums in the place of this rank's gradients.
   *
   * A gradient that some ranks lack counts as zeros there; one that all lack stays missing.
   */
  async finish(gradients: Map<string, Tensor>): Promise<void> {
    for (const [name, { size }] of this.#row.places) {
      if (this.#added.has(name)) continue;
      const gradient = gradients.get(name);
      this.add(name, gradient ? [await gradient.data<"float32">()] : [new Float32Array(size)]);
    }
    const present = Float64Array.from(this.#parameters, ({ name }) => gradients.has(name) ? 1 : 0);
    this.#communicator.allReduceSum(present);
    for (const sum of this.#pending) sum.finish();
    const used = this.#parameters.filter((_, i) => present[i] > 0);
    for (const { name, variable } of used) {
      const sum = this.#row.places.has(name)
        ? this.#sumOf(name)
        : await this.#sumLate(gradients.get(name), variable.size);
      gradients.get(name)?.dispose();
      gradients.set(name, tf.tensor(sum, variable.shape));
    }
    if (this.#isFirst && used.length < this.#parameters.length) this.#row = layOut(used, this.#bucketBytes);
    this.#isFirst = false;
    this.#restart();
  }

  #sumOf(name: string): Float32Array {
    const { offset, size } = this.#row.places.get(name)!;
    return this.#row.values.slice(offset, offset + size);
  }

  /** The sum of a gradient that is not in the row. */
  async #sumLate(gradient: Tensor | undefined, size: number): Promise<Float32Array> {
    const values = gradient ? Float32Array.from(await gradient.data<"float32">()) : new Float32Array(size);
    this.#communicator.allReduceSum(values);
    return values;
  }

  #restart(): void {
    this.#pending = [];
    this.#added.clear();
    this.#missing = this.#row.buckets.map(({ begin, end }) => end - begin);
  }

  /** Notes that values have been filled in. */
  #count(from: number, to: number): void {
    const { buckets } = this.#row;
    const first = buckets.findIndex(({ end }) => end > from);
    for (let i = first; i >= 0 && i < buckets.length && buckets[i].begin < to; i++) {
      const { begin, end } = buckets[i];
      this.#missing[i] -= Math.min(to, end) - Math.max(from, begin);
    }
  }

  #send(): void {
    const { buckets, values } = this.#row;
    for (let i = this.#pending.length; i < buckets.length && this.#missing[i] === 0; i++) {
      const { begin, end } = buckets[i];
      this.#pending.push(this.#communicator.startAllReduceSum(values.subarray(begin, end)));
    }
  }
}

/** Gradients one behind the other, and how they are cut up. */
interface Row {
  readonly values: Float32Array<ArrayBuffer>;
  readonly places: ReadonlyMap<string, { readonly offset: number; readonly size: number }>;
  readonly buckets: readonly { readonly begin: number; readonly end: number }[];
}

function layOut(parameters: readonly ReducedParameter[], bucketBytes: number): Row {
  const places = new Map<string, { offset: number; size: number }>();
  let length = 0;
  for (const { name, variable: { size } } of parameters) {
    places.set(name, { offset: length, size });
    length += size;
  }
  const bucket = Math.max(1, Math.floor(bucketBytes / Float32Array.BYTES_PER_ELEMENT));
  const buckets = Array.from({ length: Math.ceil(length / bucket) }, (_, i) => {
    return { begin: i * bucket, end: Math.min(length, (i + 1) * bucket) };
  });
  return { values: new Float32Array(length), places, buckets };
}
