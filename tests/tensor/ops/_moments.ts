/** Volumes whose mean is far from 0, and normalisation in double precision to compare with. */
import { randomStream } from "../../../lib/random.ts";

/** Normal values of standard deviation 1 around a mean; a float32 array. */
export function offsetValues(length: number, mean: number): Float32Array {
  const random = randomStream(5, `offset-${mean}`);
  return Float32Array.from({ length }, () => mean + random.normal());
}

/** (x − mean)/√(variance + ε) over the values that share a key. */
export function normalised(x: Float32Array, { key, epsilon }: { key(i: number): number; epsilon: number }): number[] {
  const groups = Map.groupBy(x.keys(), key);
  const output = new Array<number>(x.length);
  for (const places of groups.values()) {
    const mean = places.reduce((sum, i) => sum + x[i], 0) / places.length;
    const variance = places.reduce((sum, i) => sum + (x[i] - mean) ** 2, 0) / places.length;
    for (const i of places) output[i] = (x[i] - mean) / Math.sqrt(variance + epsilon);
  }
  return output;
}
