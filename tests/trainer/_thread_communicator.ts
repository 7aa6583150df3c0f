/** Ranks as threads of one process, which speak through shared memory: data parallelism without MPI. */
import type { Communicator, PendingSum } from "../../lib/communicator.ts";

/** Values that a rank can say at once. */
const SLOT_VALUES = 2 ** 20;
const DONE: PendingSum = { progress: () => {}, finish: () => {} };

/** Memory for the messages of so many ranks. */
export function threadMemory(size: number): SharedArrayBuffer {
  return new SharedArrayBuffer(16 + size * SLOT_VALUES * 8);
}

/** One of the ranks, each in a thread of its own. */
export class ThreadCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly #control: Int32Array;
  readonly #slots: Float64Array[];

  constructor(memory: SharedArrayBuffer, { rank, size }: { rank: number; size: number }) {
    this.rank = rank;
    this.size = size;
    this.#control = new Int32Array(memory, 0, 2);
    this.#slots = Array.from({ length: size }, (_, r) => {
      return new Float64Array(memory, 16 + r * SLOT_VALUES * 8, SLOT_VALUES);
    });
  }

  allReduceSum(values: Float32Array | Float64Array): void {
    for (let begin = 0; begin < values.length; begin += SLOT_VALUES) {
      const part = values.subarray(begin, begin + SLOT_VALUES);
      this.#slots[this.rank].set(part);
      this.#meet();
      const sums = new Float64Array(part.length);
      for (const slot of this.#slots) for (let i = 0; i < sums.length; i++) sums[i] += slot[i];
      part.set(sums);
      this.#meet();
    }
  }

  startAllReduceSum(values: Float32Array): PendingSum {
    this.allReduceSum(values);
    return DONE;
  }

  allGather(values: Float32Array): Float32Array[] {
    const own = this.#slots[this.rank];
    own[0] = values.length;
    own.set(values, 1);
    this.#meet();
    const all = this.#slots.map((slot) => Float32Array.from(slot.subarray(1, 1 + slot[0])));
    this.#meet();
    return all;
  }

  broadcast(bytes: Uint8Array): void {
    for (let begin = 0; begin < bytes.length; begin += SLOT_VALUES) {
      const part = bytes.subarray(begin, begin + SLOT_VALUES);
      if (this.rank === 0) this.#slots[0].set(part);
      this.#meet();
      for (let i = 0; i < part.length; i++) part[i] = this.#slots[0][i];
      this.#meet();
    }
  }

  barrier(): Promise<void> {
    this.#meet();
    return Promise.resolve();
  }

  #meet(): void {
    const generation = Atomics.load(this.#control, 1);
    if (Atomics.add(this.#control, 0, 1) === this.size - 1) {
      Atomics.store(this.#control, 0, 0);
      Atomics.add(this.#control, 1, 1);
      Atomics.notify(this.#control, 1);
    } else {
      while (Atomics.load(this.#control, 1) === generation) Atomics.wait(this.#control, 1, generation);
    }
  }
}
