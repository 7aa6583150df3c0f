/** Logits to probabilities. */

/** What the outputs of a network mean: independent regions, or classes that exclude each other. */
export type OutputKind = "sigmoid" | "softmax";

/**
 * Turns K volumes of logits into probabilities, in place.
 *
 * `sigmoid`: 1/(1 + e^−x) of each; `softmax`: e^x over the sum of e^x of all K at the voxel.
 *
 * @returns the same arrays
 */
export function toProbabilities(logits: readonly Float32Array[], kind: OutputKind): readonly Float32Array[] {
  if (kind === "sigmoid") logits.forEach(sigmoid);
  else softmax(logits);
  return logits;
}

function sigmoid(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = 1 / (1 + Math.exp(-values[i]));
}

function softmax(logits: readonly Float32Array[]): void {
  const count = logits[0]?.length ?? 0;
  for (let i = 0; i < count; i++) {
    let largest = -Infinity, sum = 0;
    for (const values of logits) largest = Math.max(largest, values[i]);
    for (const values of logits) sum += values[i] = Math.exp(values[i] - largest);
    for (const values of logits) values[i] /= sum;
  }
}
