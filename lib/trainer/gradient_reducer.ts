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
 * the same order.
 */
export class GradientReducer {
  readonly #communicator: Communicator;
  readonly #places = new Map<string, { readonly offset: number; readonly variable: Variable }>();
  readonly #values: Float32Array<ArrayBuffer>;
  readonly #buckets: { readonly begin: number; readonly end: number }[] = [];
  readonly #missing: number[] = [];
  readonly #added = new Set<string>();
  #pending: PendingSum[] = [];

  /** A reducer for the same parameters, in the same order, on every rank. */
  constructor(
    parameters: readonly ReducedParameter[],
    { communicator, bucketBytes = BUCKET_BYTES }: ReducerOptions,
  ) {
    this.#communicator = communicator;
    let length = 0;
    for (const { name, variable } of parameters.toReversed()) {
      this.#places.set(name, { offset: length, variable });
      length += variable.size;
    }
    this.#values = new Float32Array(length);
    const bucket = Math.max(1, Math.floor(bucketBytes / Float32Array.BYTES_PER_ELEMENT));
    for (let begin = 0; begin < length; begin += bucket) {
      this.#buckets.push({ begin, end: Math.min(length, begin + bucket) });
    }
    this.#restart();
  }

  /** Takes a gradient that is complete on this rank: the sum of its parts. */
  add(name: string, parts: readonly Float32Array[]): void {
    const { offset, variable } = this.#places.get(name)!;
    const values = this.#values.subarray(offset, offset + variable.size);
    values.fill(0);
    for (const part of parts) for (let i = 0; i < values.length; i++) values[i] += part[i];
    this.#added.add(name);
    this.#count(offset, offset + values.length);
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
    for (const [name, { variable }] of this.#places) {
      if (this.#added.has(name)) continue;
      const gradient = gradients.get(name);
      this.add(name, gradient ? [await gradient.data<"float32">()] : [new Float32Array(variable.size)]);
    }
    const names = [...this.#places.keys()];
    const present = Float64Array.from(names, (name) => gradients.has(name) ? 1 : 0);
    this.#communicator.allReduceSum(present);
    for (const sum of this.#pending) sum.finish();
    names.forEach((name, i) => {
      if (present[i] === 0) return;
      const { offset, variable } = this.#places.get(name)!;
      gradients.get(name)?.dispose();
      gradients.set(name, tf.tensor(this.#values.slice(offset, offset + variable.size), variable.shape));
    });
    this.#restart();
  }

  #restart(): void {
    this.#pending = [];
    this.#added.clear();
    this.#buckets.forEach(({ begin, end }, i) => this.#missing[i] = end - begin);
  }

  /** Notes that values have been filled in. */
  #count(from: number, to: number): void {
    const first = this.#buckets.findIndex(({ end }) => end > from);
    for (let i = first; i >= 0 && i < this.#buckets.length && this.#buckets[i].begin < to; i++) {
      const { begin, end } = this.#buckets[i];
      this.#missing[i] -= Math.min(to, end) - Math.max(from, begin);
    }
  }

  #send(): void {
    for (let i = this.#pending.length; i < this.#buckets.length && this.#missing[i] === 0; i++) {
      const { begin, end } = this.#buckets[i];
      this.#pending.push(this.#communicator.startAllReduceSum(this.#values.subarray(begin, end)));
    }
  }
}
