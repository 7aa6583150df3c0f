/** UNET3D with its skips. */
import { upsampleTrilinear } from "../tensor/mod.ts";
import { defaultPointwiseConv } from "./layers.ts";
import type { Scope } from "./parameters.ts";
import type { SegmentationModel } from "./segmentation_model.ts";
import { buildUnet3dDecoder, buildUnet3dEncoder } from "./unet3d.ts";
import type { Unet3dConfig } from "./unet3d.ts";

/**
 * Builds the network under the official names, which are those of pre-training but for the coarse outputs.
 *
 * Skips are added, not concatenated, so all of the pre-trained decoder fits but its last layer, which gave an intensity.
 *
 * @see official class UNet3D_g of fine-tuning, deeply supervised
 */
export function buildUnet3dSegmentation(
  scope: Scope,
  sizes: Unet3dConfig & { readonly classes: number },
): SegmentationModel["forwardWithFeatures"] {
  const { classes, initChannels: c } = sizes;
  const encoder = buildUnet3dEncoder(scope, sizes);
  const decoder = buildUnet3dDecoder(scope, { ...sizes, outputs: classes });
  const quarterOut = defaultPointwiseConv(scope.child("ds_out").child(0), { inputs: 4 * c, outputs: classes });
  const halfOut = defaultPointwiseConv(scope.child("ds_out").child(1), { inputs: 2 * c, outputs: classes });
  return (x, mode) => {
    const encoded = encoder(x, mode);
    const { quarter, half, output } = decoder(encoded, mode);
    const { features } = encoded;
    if (!mode.training) return { features, logits: [output] };
    const quarterLogits = upsampleTrilinear(quarterOut(quarter, mode), { factor: 4 });
    return { features, logits: [quarterLogits, upsampleTrilinear(halfOut(half, mode), { factor: 2 }), output] };
  };
}
