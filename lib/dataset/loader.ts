/** Batches of samples in a reproducible order, loaded ahead of the one in use. */
import { randomStream } from "../random.ts";
import type { Sample } from "./sample.ts";
import type { SampleRequest } from "./sample_source.ts";

/** How an epoch is cut into batches. */
export interface OrderOptions {
  /** The run's seed. */
  readonly seed: number;
  /** Counted from 0. */
  readonly epoch: number;
  /** Subjects per batch. */
  readonly batchSize: number;
  /** Leave out a last batch that is not full. */
  readonly dropLast: boolean;
}

/** Which part of every batch a rank has. */
export interface RankOptions {
  /** From 0; default 0. */
  readonly rank?: number;
  /** Number of ranks that share every batch; default 1. */
  readonly worldSize?: number;
}

/** One batch and its place in the run. */
export interface Batch<S = Sample> {
  /** Counted from 0. */
  readonly epoch: number;
  /** Index of the batch in its epoch. */
  readonly index: number;
  /** Index of each sample's subject in the source's list. */
  readonly subjects: readonly number[];
  /** One per subject, in the order of the epoch. */
  readonly samples: readonly S[];
  /** The whole batch: the place of this rank's first sample in it, and its samples over all ranks. */
  readonly whole: { readonly first: number; readonly count: number };
}

/** Whatever makes samples of requests. */
interface Loads<S> {
  load(request: SampleRequest): Promise<S>;
  /** Told when whoever uses the batches begins and ends to wait for one. */
  readonly watch?: LoadWatch;
}

/** Follows how long batches are waited for. */
export interface LoadWatch {
  begin(): void;
  end(): void;
}

/** Which batches to load. */
export interface BatchesOptions extends Omit<OrderOptions, "epoch">, RankOptions {
  /** Subjects in the source's list. */
  readonly subjectCount: number;
  /** The first batch, e.g. the one after a checkpoint's. An index past its epoch's end means the next epoch. */
  readonly start: { readonly epoch: number; readonly index: number };
  /** The first epoch that is not loaded any more. */
  readonly endEpoch: number;
  /** Batches loaded ahead of the one in use. */
  readonly prefetch: number;
}

/**
 * Shuffles the subjects for an epoch and cuts them into batches.
 *
 * A pure function of its arguments: any epoch's order is known without those before it.
 *
 * @param count number of subjects
 * @returns subject indices per batch
 * @throws {RangeError} when the batch size is not a positive integer or the epoch would have no batch
 */
export function epochOrder(count: number, { seed, epoch, batchSize, dropLast }: OrderOptions): number[][] {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`Cannot order epoch: expected a batchSize of at least 1, got ${batchSize}`);
  }
  const needed = dropLast ? batchSize : 1;
  if (count < needed) {
    throw new RangeError(`Cannot order epoch: expected at least ${needed} subjects for one batch, got ${count}`);
  }
  const order = randomStream(seed, "epoch order", epoch).shuffle(Array.from({ length: count }, (_, i) => i));
  const batchCount = dropLast ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
  return Array.from({ length: batchCount }, (_, i) => order.slice(i * batchSize, (i + 1) * batchSize));
}

/**
 * Yields the batches of a run from any place on, loading ahead across the ends of epochs.
 *
 * What a batch holds depends on the source's plan, the seed, the epoch and its index: not on where the run started, how
 * far it loads ahead or how many workers the source has. The source stays open. Leaving the loop early waits for the
 * loads under way.
 *
 * Rank r of w gets samples r·b/w up to (r + 1)·b/w of every batch of b; of a last batch that is smaller, what there is of
 * them, or none.
 *
 * @throws {RangeError} as {@link epochOrder} does, when `prefetch` is not a non-negative integer, or when the ranks cannot
 * share a batch equally
 * @throws whatever the source's `load` rejects with, at the batch concerned
 */
export async function* batches<S = Sample>(
  source: Loads<S>,
  options: BatchesOptions,
): AsyncGenerator<Batch<S>, void, void> {
  const { prefetch } = options;
  if (!Number.isInteger(prefetch) || prefetch < 0) {
    throw new RangeError(`Cannot load batches: expected a prefetch of at least 0, got ${prefetch}`);
  }
  checkRanks(options);
  const places = batchPlaces(options);
  const pending: PendingBatch<S>[] = [];
  try {
    for (;;) {
      while (pending.length <= prefetch) {
        const place = places.next();
        if (place.done) break;
        pending.push(startLoading(source, place.value));
      }
      if (pending.length === 0) return;
      const [{ samples, ...place }] = pending;
      source.watch?.begin();
      const loaded = await Promise.all(samples).finally(() => source.watch?.end());
      pending.shift();
      yield { ...place, samples: loaded };
    }
  } finally {
    await Promise.allSettled(pending.flatMap(({ samples }) => samples));
  }
}

interface BatchPlace {
  readonly epoch: number;
  readonly index: number;
  readonly subjects: readonly number[];
  readonly whole: { readonly first: number; readonly count: number };
}

interface PendingBatch<S> extends BatchPlace {
  readonly samples: readonly Promise<S>[];
}

function* batchPlaces(options: BatchesOptions): Generator<BatchPlace, void, void> {
  const { start, endEpoch, subjectCount, batchSize, rank = 0, worldSize = 1 } = options;
  const [from, to] = [rank, rank + 1].map((part) => part * batchSize / worldSize);
  for (let epoch = start.epoch; epoch < endEpoch; epoch++) {
    const order = epochOrder(subjectCount, { ...options, epoch });
    const first = epoch === start.epoch ? start.index : 0;
    for (let index = first; index < order.length; index++) {
      const whole = { first: from, count: order[index].length };
      yield { epoch, index, subjects: order[index].slice(from, to), whole };
    }
  }
}

function checkRanks({ batchSize, rank = 0, worldSize = 1 }: BatchesOptions): void {
  if (!Number.isInteger(worldSize) || worldSize < 1 || batchSize % worldSize !== 0) {
    throw new RangeError(
      `Cannot share batches: expected a number of ranks that divides ${batchSize}, got ${worldSize}`,
    );
  }
  if (!Number.isInteger(rank) || rank < 0 || rank >= worldSize) {
    throw new RangeError(`Cannot share batches: expected a rank in [0, ${worldSize}), got ${rank}`);
  }
}

function startLoading<S>(source: Loads<S>, place: BatchPlace): PendingBatch<S> {
  const { epoch, subjects } = place;
  const samples = subjects.map((subject) => source.load({ epoch, subject }));
  // A load that fails ahead of its turn is reported when its batch is asked for.
  for (const sample of samples) sample.catch(() => {});
  return { ...place, samples };
}
