/** A backbone with a decoder of skips: one logit per voxel and class, for fine-tuning. */
import type { Tensor5D } from "../tensor/mod.ts";
import { expectDivisible } from "./_divisible.ts";
import { buildUnet3dSegmentation } from "./_unet3d_segmentation.ts";
import { buildUniformerSegmentation } from "./_uniformer_segmentation.ts";
import type { ForwardMode } from "./layers.ts";
import { Scope } from "./parameters.ts";
import type { Parameter } from "./parameters.ts";
import { divisorOf } from "./presets.ts";
import type { ModelConfig } from "./presets.ts";

/** What a segmentation model is: a backbone, e.g. that of a preset, with its own input channels, and classes. */
export type SegmentationConfig = ModelConfig & {
  /** Classes, each of which may hold at a voxel or not, whatever the others do. */
  readonly classes: number;
};

/** What a forward pass computes. */
export interface SegmentationOutput {
  /** As `forward` gives them. */
  readonly logits: Tensor5D[];
  /** Of the encoder's stages, highest resolution first; the last are the deepest. */
  readonly features: readonly Tensor5D[];
}

/** A model for segmentation. */
export interface SegmentationModel {
  /** Parameters and buffers under their official names. */
  readonly parameters: readonly Parameter[];
  /** Depth, height and width of inputs must be divisible by this. */
  readonly divisor: number;
  /**
   * Volumes `[B, D, H, W, inChannels]` → logits `[B, D, H, W, classes]`, last those of the whole network.
   *
   * In training two more come before them, from a quarter and from half of the resolution.
   */
  forward(x: Tensor5D, mode: ForwardMode): Tensor5D[];
  /** The same, with the features of the encoder's four stages. */
  forwardWithFeatures(x: Tensor5D, mode: ForwardMode): SegmentationOutput;
  /** Frees the parameters. */
  dispose(): void;
}

/**
 * Builds a model with fresh weights: the same for the same seed.
 *
 * @throws {RangeError} when there is no class; on forward, when the input's sizes are not divisible by `divisor`
 * @see official classes UniUnet and UNet3D_g, both with deep supervision
 */
export function buildSegmentationModel(config: SegmentationConfig, { seed }: { seed: number }): SegmentationModel {
  if (!(Number.isInteger(config.classes) && config.classes >= 1)) {
    throw new RangeError(`Cannot build segmentation model: expected at least 1 class, got ${config.classes}`);
  }
  const scope = new Scope({ seed });
  const network = config.backbone === "uniformer"
    ? buildUniformerSegmentation(scope, config)
    : buildUnet3dSegmentation(scope, config);
  const parameters = scope.list();
  const divisor = divisorOf(config);
  const forwardWithFeatures: SegmentationModel["forwardWithFeatures"] = (x, mode) => {
    expectDivisible("segmentation model", x, divisor);
    return network(x, mode);
  };
  return {
    parameters,
    divisor,
    forward: (x, mode) => forwardWithFeatures(x, mode).logits,
    forwardWithFeatures,
    dispose: () => parameters.forEach(({ variable }) => variable.dispose()),
  };
}
