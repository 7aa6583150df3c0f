/** Counter-based randomness: a stream is a pure function of (seed, purpose, counters), whoever draws it and when. */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";

/** One reproducible stream of random numbers. */
export interface Random {
  /** Next 32 random bits as an unsigned integer. */
  bits(): number;
  /** Uniform in [0, 1) with 53 bits. */
  uniform(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Standard normal (Box–Muller; both halves are used). */
  normal(): number;
  /** Integer in [0, n), unbiased. */
  integer(n: number): number;
  /** Shuffles in place (Fisher–Yates) and returns the array. */
  shuffle<T>(items: T[]): T[];
  /** One of the items, uniformly. */
  choose<T>(items: readonly T[]): T;
  /** `count` distinct items in random order. */
  sample<T>(items: readonly T[], count: number): T[];
}

/**
 * Opens the stream that belongs to a purpose.
 *
 * The same arguments give the same numbers on any machine, with any number of workers and after any resume. Different
 * purposes or counters give unrelated streams, so adding a draw in one place never shifts another.
 *
 * @param seed the run's seed, a safe integer
 * @param purpose what the numbers are for, e.g. `"crop"`
 * @param counters where in the run: epoch, index, …; safe integers
 * @throws {RangeError} when the seed or a counter is not a safe integer
 */
export function randomStream(seed: number, purpose: string, ...counters: number[]): Random {
  for (const value of [seed, ...counters]) {
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(`Cannot open random stream "${purpose}": expected safe integers, got ${value}`);
    }
  }
  const generator = xoroshiro128plusFromState(hashKey(seed, purpose, counters));
  return new StreamRandom(generator);
}

/** Mixes the key into 128 bits: four lanes of murmur3-style rounds, then a finaliser across lanes. */
function hashKey(seed: number, purpose: string, counters: readonly number[]): number[] {
  const lanes = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x6a09e667];
  let position = 0;
  const absorb = (word: number): void => {
    position++;
    for (let lane = 0; lane < 4; lane++) {
      let k = Math.imul(word ^ Math.imul(lane + 1, 0x85ebca6b), 0xcc9e2d51) + position;
      k = (k << 15) | (k >>> 17);
      let h = lanes[lane] ^ Math.imul(k, 0x1b873593);
      h = (h << 13) | (h >>> 19);
      lanes[lane] = (Math.imul(h, 5) + 0xe6546b64) | 0;
    }
  };
  const absorbInteger = (value: number): void => {
    absorb(value | 0);
    absorb(Math.floor(value / 0x100000000) | 0);
  };
  absorbInteger(seed);
  for (let i = 0; i < purpose.length; i++) absorb(purpose.charCodeAt(i));
  absorb(-1);
  for (const counter of counters) absorbInteger(counter);
  for (let round = 0; round < 2; round++) {
    for (let lane = 0; lane < 4; lane++) lanes[lane] = avalanche((lanes[lane] + lanes[(lane + 3) % 4]) | 0);
  }
  // xoroshiro needs a state that is not all zero.
  return lanes.every((lane) => lane === 0) ? [1, 2, 3, 4] : lanes;
}

function avalanche(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

class StreamRandom implements Random {
  readonly #generator: RandomGenerator;
  #spareNormal: number | undefined;

  constructor(generator: RandomGenerator) {
    this.#generator = generator;
  }

  bits(): number {
    return this.#generator.next() >>> 0;
  }

  uniform(): number {
    return ((this.bits() >>> 5) * 0x4000000 + (this.bits() >>> 6)) / 0x20000000000000;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1) {
      throw new RangeError(`Cannot draw an integer: expected a range of at least 1, got ${n}`);
    }
    return uniformInt(this.#generator, 0, n - 1);
  }

  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }

  choose<T>(items: readonly T[]): T {
    return items[this.integer(items.length)];
  }

  sample<T>(items: readonly T[], count: number): T[] {
    if (count > items.length) {
      throw new RangeError(`Cannot sample ${count} items: expected at most ${items.length}`);
    }
    return this.shuffle([...items]).slice(0, count);
  }
}
