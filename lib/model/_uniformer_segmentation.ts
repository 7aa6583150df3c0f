/** UniFormer with a decoder of skips. */
import { tf, upsampleTrilinear } from "../tensor/mod.ts";
import type { Tensor, Tensor5D } from "../tensor/mod.ts";
import { defaultPointwiseConv, inScope, pointwiseConv, upConvolve } from "./layers.ts";
import type { ForwardMode } from "./layers.ts";
import type { Scope } from "./parameters.ts";
import type { SegmentationModel } from "./segmentation_model.ts";
import { decoderParts } from "./unet_decoder.ts";
import { buildUniformer } from "./uniformer.ts";
import type { UniformerConfig } from "./uniformer.ts";

/** Sizes of the encoder, and the classes. */
type Sizes = UniformerConfig & { readonly classes: number };

/**
 * Builds the network under the official names.
 *
 * @see official class UniUnet with deep supervision
 */
export function buildUniformerSegmentation(scope: Scope, sizes: Sizes): SegmentationModel["forwardWithFeatures"] {
  const encoder = buildUniformer(scope.child("encoder"), sizes);
  const decoder = buildDecoder(scope, sizes);
  return (x, mode) => {
    const features = encoder(x, mode);
    return { features, logits: decoder({ x, features }, mode) };
  };
}

/** What the decoder sees: the input and the encoder's four stages. */
interface Encoded {
  readonly x: Tensor5D;
  readonly features: readonly Tensor5D[];
}

function buildDecoder(scope: Scope, sizes: Sizes): (encoded: Encoded, mode: ForwardMode) => Tensor5D[] {
  const { classes, embedDims: [c1, c2] } = sizes;
  const { upWeights, blocks, projection } = decoderParts(scope.child("decoder"), sizes, { skips: true });
  const outScope = scope.child("decoder").child("out").child("conv").child("conv");
  const out = pointwiseConv(outScope, { inputs: c1, outputs: classes });
  const quarterOut = defaultPointwiseConv(scope.child("ms_out").child(0), { inputs: c2, outputs: classes });
  const halfOut = defaultPointwiseConv(scope.child("ms_out").child(1), { inputs: c1, outputs: classes });
  return ({ x, features: [x1, x2, x3, x4] }, mode) => {
    const step = (h: Tensor, skip: Tensor, i: number): Tensor =>
      inScope(mode, () => {
        const joined = inScope(mode, () => tf.concat([upConvolve(h, upWeights[i]), skip], -1));
        return blocks[i](joined, mode);
      });
    const quarter = step(step(x4, x3, 0), x2, 1);
    const half = step(quarter, x1, 2);
    const full = out(step(half, projection(x, mode), 3), mode) as Tensor5D;
    if (!mode.training) return [full];
    const quarterLogits = upsampleTrilinear(quarterOut(quarter, mode), { factor: 4 });
    return [quarterLogits, upsampleTrilinear(halfOut(half, mode), { factor: 2 }), full];
  };
}
