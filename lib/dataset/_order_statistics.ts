/** Selects values by rank without sorting: two counting passes over the bits of single-precision floats. */

/**
 * The values that would stand at the given positions if all values were sorted; O(n), exact, no copy.
 *
 * @param values finite numbers
 * @param ranks positions counted from 0
 */
export function orderStatistics(values: Float32Array, ranks: readonly number[]): number[] {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const counts = countHighHalves(bits);
  const places = ranks.map((rank) => locate(counts, rank));
  const buckets = [...new Set(places.map(({ bucket }) => bucket))];
  const lowHalves = countLowHalves(bits, buckets);
  return places.map(({ bucket, rank }) => {
    const low = locate(lowHalves[buckets.indexOf(bucket)], rank).bucket;
    return floatOf(((bucket << 16) | low) >>> 0);
  });
}

/** Counts the upper 16 bits of all keys. */
function countHighHalves(bits: Uint32Array): Uint32Array {
  const counts = new Uint32Array(65536);
  let zeros = 0;
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i];
    // Long runs of background would wait for one counter.
    if (value === 0) zeros++;
    else counts[sortableKey(value) >>> 16]++;
  }
  counts[sortableKey(0) >>> 16] += zeros;
  return counts;
}

/** Counts the lower 16 bits of all keys whose upper 16 bits are one of the buckets, each for itself. */
function countLowHalves(bits: Uint32Array, buckets: readonly number[]): Uint32Array[] {
  const counts = buckets.map(() => new Uint32Array(65536));
  const indexOf = new Uint8Array(65536);
  buckets.forEach((bucket, index) => indexOf[bucket] = index + 1);
  for (let i = 0; i < bits.length; i++) {
    const key = sortableKey(bits[i]);
    const index = indexOf[key >>> 16];
    if (index > 0) counts[index - 1][key & 0xffff]++;
  }
  return counts;
}

/** The bucket that holds a rank, and the rank within it. */
function locate(counts: Uint32Array, rank: number): { bucket: number; rank: number } {
  let bucket = 0;
  let left = rank;
  while (left >= counts[bucket]) left -= counts[bucket++];
  return { bucket, rank: left };
}

/** Maps the bits of a float to an integer that sorts like the float: negative numbers reversed, below the positive. */
function sortableKey(bits: number): number {
  return (bits & 0x80000000 ? ~bits : bits | 0x80000000) >>> 0;
}

function floatOf(key: number): number {
  const bits = key & 0x80000000 ? key ^ 0x80000000 : ~key;
  return new Float32Array(new Int32Array([bits]).buffer)[0];
}
