/** Many small reads at a time, but not all at once. */

/** Reads in flight: hides the latency of a network file system without exhausting file handles. */
const PARALLEL_READS = 16;

/** Maps items through an asynchronous function, at most 16 at a time; results in the order of the items. */
export async function mapConcurrently<T, R>(items: readonly T[], task: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await task(items[index]);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_READS }, lane));
  return results;
}
