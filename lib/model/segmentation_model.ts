/** UniFormer with a decoder of skips: one logit per voxel and class, for fine-tuning. */
import { tf, upsampleTrilinear } from "../tensor/mod.ts";
import type { Tensor, Tensor5D } from "../tensor/mod.ts";
import { expectDivisible } from "./_divisible.ts";
import { defaultPointwiseConv, inScope, pointwiseConv, upConvolve } from "./layers.ts";
import type { ForwardMode } from "./layers.ts";
import { Scope } from "./parameters.ts";
import type { Parameter } from "./parameters.ts";
import { decoderParts } from "./unet_decoder.ts";
import { buildUniformer } from "./uniformer.ts";
import type { UniformerConfig } from "./uniformer.ts";

/** Sizes of a segmentation model: those of its encoder, e.g. of a preset, with its own input channels. */
export interface SegmentationConfig extends UniformerConfig {
  /** Classes, each of which may hold at a voxel or not, whatever the others do. */
  readonly classes: number;
}

/** What a forward pass computes. */
export interface SegmentationOutput {
  /** As `forward` gives them. */
  readonly logits: Tensor5D[];
  /** Of the encoder's stages, highest resolution first. */
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

/** The encoder's stride. */
const DIVISOR = 16;

/**
 * Builds a model with fresh weights: the same for the same seed.
 *
 * @throws {RangeError} when there is no class; on forward, when the input's sizes are not divisible by `divisor`
 * @see official class UniUnet with deep supervision
 */
export function buildSegmentationModel(config: SegmentationConfig, { seed }: { seed: number }): SegmentationModel {
  if (!(Number.isInteger(config.classes) && config.classes >= 1)) {
    throw new RangeError(`Cannot build segmentation model: expected at least 1 class, got ${config.classes}`);
  }
  const scope = new Scope({ seed });
  const encoder = buildUniformer(scope.child("encoder"), config);
  const decoder = buildDecoder(scope, config);
  const parameters = scope.list();
  const forwardWithFeatures: SegmentationModel["forwardWithFeatures"] = (x, mode) => {
    expectDivisible("segmentation model", x, DIVISOR);
    const features = encoder(x, mode);
    return { features, logits: decoder({ x, features }, mode) };
  };
  return {
    parameters,
    divisor: DIVISOR,
    forward: (x, mode) => forwardWithFeatures(x, mode).logits,
    forwardWithFeatures,
    dispose: () => parameters.forEach(({ variable }) => variable.dispose()),
  };
}

/** What the decoder sees: the input and the encoder's four stages. */
interface Encoded {
  readonly x: Tensor5D;
  readonly features: readonly Tensor5D[];
}

function buildDecoder(scope: Scope, config: SegmentationConfig): (encoded: Encoded, mode: ForwardMode) => Tensor5D[] {
  const { classes, embedDims: [c1, c2] } = config;
  const { upWeights, blocks, projection } = decoderParts(scope.child("decoder"), config, { skips: true });
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
