/**
 * The block of shared memory through which a kernel call is handed to all threads.
 *
 * A job is a kernel, its arguments and a number of units. Threads take ranges of units from a counter until none is left.
 * What a unit computes never depends on who takes it, so results are the same bits for any number of threads.
 */
import type { KernelExports } from "./kernels.ts";

/** Bytes of a job block. */
export const JOB_BYTES = 1024;

/** Places in the block's 32-bit words. */
const GENERATION = 0, NEXT = 1, UNITS = 2, GRAIN = 3, STATE = 4, KERNEL = 5, ARGUMENTS = 6, FAILED = 7;
const ARGUMENT_BYTES = 64, MAX_ARGUMENTS = 32;
const MESSAGE_BYTES = ARGUMENT_BYTES + 8 * MAX_ARGUMENTS;
/** Added to STATE while no thread may join. */
const CLOSED = -0x10000;

/** Reads of the generation before a waiting thread goes to sleep: some tens of microseconds. */
const SPINS = 4000;

/** How many units, and how many of them are taken at a time. */
export interface UnitRange {
  readonly units: number;
  readonly grain: number;
}

/** One thread's view of the job block. */
export class JobBlock {
  readonly #words: Int32Array;
  readonly #arguments: Float64Array;
  readonly #message: Uint8Array;
  readonly #kernels: KernelExports;
  /** Kernel names in an order that is the same in every thread. */
  readonly #names: readonly string[];
  readonly #indices: ReadonlyMap<string, number>;

  /** A view of the block at a byte address of the memory, with the thread's own instance of the module. */
  constructor(memory: WebAssembly.Memory, { address, kernels }: { address: number; kernels: KernelExports }) {
    const { buffer } = memory;
    this.#words = new Int32Array(buffer, address, ARGUMENT_BYTES / 4);
    this.#arguments = new Float64Array(buffer, address + ARGUMENT_BYTES, MAX_ARGUMENTS);
    this.#message = new Uint8Array(buffer, address + MESSAGE_BYTES, JOB_BYTES - MESSAGE_BYTES);
    this.#kernels = kernels;
    this.#names = Object.keys(kernels).sort();
    this.#indices = new Map(this.#names.map((name, index) => [name, index]));
  }

  /** For the thread that opens the block: no job yet. */
  reset(): void {
    this.#words.fill(0);
    this.#words[STATE] = CLOSED;
  }

  /**
   * Runs a kernel over [0, units) together with whoever waits in {@linkcode serve}; returns when all is done.
   *
   * @throws {Error} with the kernel's name when it fails in any thread
   */
  run(kernel: string, { units, grain }: UnitRange, args: readonly number[]): void {
    const words = this.#words;
    words[KERNEL] = this.#indices.get(kernel)!;
    words[ARGUMENTS] = args.length;
    this.#arguments.set(args);
    words[UNITS] = units;
    words[GRAIN] = grain;
    words[FAILED] = 0;
    Atomics.store(words, NEXT, 0);
    Atomics.store(words, STATE, 0);
    Atomics.add(words, GENERATION, 1);
    Atomics.notify(words, GENERATION);
    this.#takeUnits();
    Atomics.add(words, STATE, CLOSED);
    this.#awaitOthers();
    if (Atomics.load(words, FAILED)) throw new Error(`Cannot run kernel "${kernel}": ${this.#readMessage()}`);
  }

  /** The life of a worker: sleeps until there is a job, helps with it, and again. Returns when the block is closed. */
  serve(): void {
    let seen = 0;
    for (;;) {
      seen = this.#awaitGeneration(seen);
      if (seen < 0) return;
      if (!this.#join()) continue;
      this.#takeUnits();
      if (Atomics.sub(this.#words, STATE, 1) - 1 === CLOSED) Atomics.notify(this.#words, STATE);
    }
  }

  /** Ends all {@linkcode serve} loops. */
  close(): void {
    Atomics.store(this.#words, GENERATION, -1);
    Atomics.notify(this.#words, GENERATION);
  }

  #takeUnits(): void {
    const words = this.#words;
    const kernel = this.#kernels[this.#names[words[KERNEL]]];
    const args = [...this.#arguments.subarray(0, words[ARGUMENTS])];
    const units = words[UNITS], grain = words[GRAIN];
    try {
      for (;;) {
        const begin = Atomics.add(words, NEXT, grain);
        if (begin >= units) return;
        kernel(...args, begin, Math.min(units, begin + grain));
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const text = new TextEncoder().encode(error instanceof Error ? error.message : String(error));
    const { length } = this.#message;
    this.#message.fill(0);
    this.#message.set(text.subarray(0, length));
    Atomics.store(this.#words, FAILED, 1);
    // Nobody needs the rest.
    Atomics.store(this.#words, NEXT, this.#words[UNITS]);
  }

  #readMessage(): string {
    const bytes = Uint8Array.from(this.#message);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  #join(): boolean {
    for (;;) {
      const state = Atomics.load(this.#words, STATE);
      if (state < 0) return false;
      if (Atomics.compareExchange(this.#words, STATE, state, state + 1) === state) return true;
    }
  }

  #awaitGeneration(seen: number): number {
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.load(this.#words, GENERATION) !== seen) break;
    }
    Atomics.wait(this.#words, GENERATION, seen);
    return Atomics.load(this.#words, GENERATION);
  }

  #awaitOthers(): void {
    for (let spin = 0;; spin++) {
      const state = Atomics.load(this.#words, STATE);
      if (state === CLOSED) return;
      if (spin > SPINS) Atomics.wait(this.#words, STATE, state);
    }
  }
}
