/** Ranks that train together: each has a part of every batch, and all have the same weights. */

/** A sum over all ranks that is under way. */
export interface PendingSum {
  /** Lets it go on for a moment; some transports move nothing by themselves. */
  progress(): void;
  /** Waits until the values are the sums. */
  finish(): void;
}

/**
 * How one rank speaks to the others.
 *
 * Every rank makes the same calls in the same order, with arrays of the same length unless said otherwise. All but
 * `barrier` block: they are needed within forward and backward passes, where nothing can be awaited.
 */
export interface Communicator {
  /** From 0. */
  readonly rank: number;
  /** Number of ranks. */
  readonly size: number;
  /** Replaces the values by their sums over all ranks: the same bytes on each. */
  allReduceSum(values: Float32Array | Float64Array): void;
  /** The same beside other work: the values must be left alone until it is finished. Several may be under way. */
  startAllReduceSum(values: Float32Array): PendingSum;
  /** The values of all ranks in the order of ranks; their lengths may differ. */
  allGather(values: Float32Array): Float32Array[];
  /** Replaces the bytes by those of rank 0. */
  broadcast(bytes: Uint8Array): void;
  /** Waits until all ranks are here, without keeping a processor busy. */
  barrier(): Promise<void>;
}

const NOTHING: PendingSum = { progress: () => {}, finish: () => {} };

/** A rank of its own. */
export const SINGLE_RANK: Communicator = {
  rank: 0,
  size: 1,
  allReduceSum: () => {},
  startAllReduceSum: () => NOTHING,
  allGather: (values) => [values.slice()],
  broadcast: () => {},
  barrier: () => Promise.resolve(),
};

/**
 * Gives every rank the text that rank 0 makes; the others wait without keeping a processor busy.
 *
 * @param make called on rank 0 only
 */
export async function shareText(communicator: Communicator, make: () => Promise<string> | string): Promise<string> {
  const bytes = await shareBytes(communicator, async () => new TextEncoder().encode(await make()));
  return new TextDecoder().decode(bytes);
}

/** The same for bytes. */
export async function shareBytes(
  communicator: Communicator,
  make: () => Promise<Uint8Array> | Uint8Array,
): Promise<Uint8Array> {
  const made = communicator.rank === 0 ? await make() : new Uint8Array();
  if (communicator.size === 1) return made;
  await communicator.barrier();
  const length = new Float64Array([made.length]);
  communicator.broadcast(new Uint8Array(length.buffer));
  const bytes = communicator.rank === 0 ? made : new Uint8Array(length[0]);
  // Counts of MPI are 32-bit integers.
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) communicator.broadcast(bytes.subarray(at, at + PIECE_BYTES));
  return bytes;
}

const PIECE_BYTES = 2 ** 26;
