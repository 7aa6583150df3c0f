/** First convolutions of models that take another number of channels than those their weights were trained with. */

/** Kernels `[outputs, channels, …]` that see the input's channels. */
const FIRST_CONVS = ["encoder.uniformer.patch_embed1.proj.weight", "decoder.proj1.proj.weight", "conv1a.weight"];

/** True when a parameter of this canonical name and these shapes differs in the number of input channels only. */
export function isOtherChannels(name: string, expected: readonly number[], got: readonly number[]): boolean {
  return FIRST_CONVS.includes(name) && expected.length === got.length && got[1] > 0 &&
    expected.every((size, axis) => axis === 1 || size === got[axis]);
}

/**
 * Makes a kernel for `to` channels of one for `from` channels.
 *
 * `mean` gives every channel the mean of the kernels there are; `replicate` takes them in turn, again from the first when
 * they run out. Either is multiplied by from/to, so that the response keeps its scale: images that are equal in all
 * channels give what they gave before (exactly so for `mean`, and for `replicate` when `to` is a multiple of `from`).
 *
 * @param values the kernel `[outputs, from, …]`, row-major
 */
export function adaptChannels(
  values: Float32Array,
  { outputs, from, to, how }: { outputs: number; from: number; to: number; how: "mean" | "replicate" },
): Float32Array {
  const window = values.length / (outputs * from);
  const result = new Float32Array(outputs * to * window);
  for (let output = 0; output < outputs; output++) {
    for (let channel = 0; channel < to; channel++) {
      for (let k = 0; k < window; k++) {
        const at = (source: number): number => values[(output * from + source) * window + k];
        let sum = 0;
        for (let source = 0; how === "mean" && source < from; source++) sum += at(source);
        result[(output * to + channel) * window + k] = how === "mean" ? sum / to : at(channel % from) * from / to;
      }
    }
  }
  return result;
}
