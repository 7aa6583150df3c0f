/** The pre-training decoder of UniFormer: linear, without skips, so that the encoder must hold everything. */
import { depthToSpace3d, linear, shapeOf, tf } from "../tensor/mod.ts";
import type { Tensor, Tensor5D } from "../tensor/mod.ts";
import { pointwiseParameters, upConvolve } from "./layers.ts";
import type { Layer } from "./layers.ts";
import type { Scope } from "./parameters.ts";
import type { UniformerConfig } from "./uniformer.ts";
import { decoderParts } from "./unet_decoder.ts";

/**
 * Four transposed 2³ convolutions and a 1×1×1 convolution to one channel, under the official names.
 *
 * Nothing but the bias at the end stands between them, so the last three and the 1×1×1 convolution are one linear map
 * from a voxel's channels to its 8³ voxels of output. Multiplying their weights first, from the back, gives the same
 * numbers and gradients without the full-resolution tensors of many channels in between: at 96³ a quarter of the work
 * and 2 GB less.
 *
 * What segmentation needs besides is declared too, and left as it is.
 *
 * Shapes: `[B, d, h, w, embedDims[3]]` → `[B, 16d, 16h, 16w, 1]`.
 */
export function buildLinearDecoder(scope: Scope, config: Pick<UniformerConfig, "inChannels" | "embedDims">): Layer {
  const { upWeights: [first, ...weights] } = decoderParts(scope, config, { skips: false });
  const channels = { inputs: config.embedDims[0], outputs: 1 };
  const out = pointwiseParameters(scope.child("out_1").child("conv").child("conv"), channels);
  return (x) => {
    const folded = weights.reduceRight(foldBefore, out.weight);
    let h = linear(upConvolve(x, first), folded); // [B, 2d, 2h, 2w, 8·8·8]
    for (const _ of weights) h = depthToSpace3d(h);
    return tf.add(h, out.bias) as Tensor5D;
  };
}

/** The map `weight` `[inputs, 8·outputs]` followed by `next` `[outputs, n]` at each of its 8 voxels → `[inputs, 8·n]`. */
function foldBefore(next: Tensor, weight: Tensor): Tensor {
  const [inputs, columns] = shapeOf(weight);
  const [outputs, n] = shapeOf(next);
  const folded = linear(tf.reshape(weight, [inputs * columns / outputs, outputs]), next);
  return tf.reshape(folded, [inputs, columns / outputs * n]);
}
