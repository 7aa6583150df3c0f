/** UNET3D: residual group-norm blocks, three halvings, and a decoder with skips or, in pre-training, without. */
import { residualAdd, upsampleNearest } from "../tensor/mod.ts";
import type { Tensor, Tensor5D } from "../tensor/mod.ts";
import { defaultConv, defaultPointwiseConv, inScope, normConvLayer, recomputable } from "./layers.ts";
import type { ForwardMode, Layer } from "./layers.ts";
import type { Scope } from "./parameters.ts";

/** Sizes of a UNET3D. */
export interface Unet3dConfig {
  /** Input channels: 1 in pre-training. */
  readonly inChannels: number;
  /** Channels at full resolution; doubled at each of the three down-samplings. Divisible by 8. */
  readonly initChannels: number;
}

/** Features of the encoder and the reconstruction. */
export type Unet3d = (x: Tensor5D, mode: ForwardMode) => { features: Tensor5D[]; reconstruction: Tensor5D };

/** What the encoder makes of a volume. */
export interface Unet3dEncoded {
  /** At 1/2, 1/4 and 1/8 of the resolution, as each down-sampling leaves them, and the deepest after its blocks. */
  readonly features: Tensor5D[];
  /** What each down-sampling takes: at 1/4, at 1/2 and at full resolution. */
  readonly skips: readonly Tensor[];
}

/** What the decoder makes of it. */
export interface Unet3dDecoded {
  /** Features at 1/4 and 1/2 of the resolution. */
  readonly quarter: Tensor;
  readonly half: Tensor;
  /** Output channels at full resolution. */
  readonly output: Tensor5D;
}

/**
 * Builds the network of pre-training under the official names.
 *
 * Shapes: `[B, D, H, W, inChannels]`, sizes divisible by 8 → reconstruction `[B, D, H, W, 1]`; features at 1/2, 1/4,
 * 1/8 of the resolution, and the deepest after its residual blocks.
 *
 * @see official class Unet3D, pre-training variant
 */
export function buildUnet3d(scope: Scope, config: Unet3dConfig): Unet3d {
  const encoder = buildUnet3dEncoder(scope, config);
  const decoder = buildUnet3dDecoder(scope, { ...config, outputs: 1 });
  return (x, mode) => {
    const { features } = encoder(x, mode);
    return { features, reconstruction: decoder({ features, skips: [] }, mode).output };
  };
}

/** Builds the encoder under the official names: volumes `[B, D, H, W, inChannels]`, sizes divisible by 8. */
export function buildUnet3dEncoder(
  scope: Scope,
  { inChannels, initChannels: c }: Unet3dConfig,
): (x: Tensor5D, mode: ForwardMode) => Unet3dEncoded {
  const blocks = (channels: number, ...names: string[]): Layer[] =>
    names.map((name) => residualBlock(scope.child(name), channels));
  const down = (name: string, inputs: number): Layer =>
    defaultConv(scope.child(name), { inputs, outputs: 2 * inputs, stride: 2 });
  const stem = defaultConv(scope.child("conv1a"), { inputs: inChannels, outputs: c });
  const fullBlocks = chain([stem, ...blocks(c, "conv1b")]);
  const ds1 = down("ds1", c), halfBlocks = chain(blocks(2 * c, "conv2a", "conv2b"));
  const ds2 = down("ds2", 2 * c), quarterBlocks = chain(blocks(4 * c, "conv3a", "conv3b"));
  const ds3 = down("ds3", 4 * c), deepBlocks = chain(blocks(8 * c, "conv4a", "conv4b", "conv4c", "conv4d"));
  return (x, mode) => {
    const full = fullBlocks(x, mode), x1 = ds1(full, mode);
    const half = halfBlocks(x1, mode), x2 = ds2(half, mode);
    const quarter = quarterBlocks(x2, mode), x3 = ds3(quarter, mode);
    const features = [x1, x2, x3, deepBlocks(x3, mode)] as Tensor5D[];
    return { features, skips: [quarter, half, full] };
  };
}

/**
 * Builds the decoder under the official names.
 *
 * It has the same parameters with skips and without: they are added to what comes from below. Without any, all comes from
 * the deepest features.
 *
 * @see official class UNet3D_g of fine-tuning
 */
export function buildUnet3dDecoder(
  scope: Scope,
  { initChannels: c, outputs }: Pick<Unet3dConfig, "initChannels"> & { readonly outputs: number },
): (encoded: Unet3dEncoded, mode: ForwardMode) => Unet3dDecoded {
  const up4 = upStep(scope, "up4", 8 * c), up3 = upStep(scope, "up3", 4 * c), up2 = upStep(scope, "up2", 2 * c);
  const out = defaultPointwiseConv(scope.child("up1conv"), { inputs: c, outputs });
  return ({ features, skips }, mode) => {
    const quarter = up4({ below: features[3], skip: skips[0] }, mode);
    const half = up3({ below: quarter, skip: skips[1] }, mode);
    const output = inScope(mode, () => out(up2({ below: half, skip: skips[2] }, mode), mode));
    return { quarter, half, output: output as Tensor5D };
  };
}

function chain(layers: readonly Layer[]): Layer {
  return (x, mode) => inScope(mode, () => layers.reduce((h: Tensor, layer) => layer(h, mode), x));
}

/** x + Conv3(ReLU(GN(Conv3(ReLU(GN(x)))))). */
function residualBlock(scope: Scope, channels: number): Layer {
  return recomputable(scope, (block) => buildResidualBlock(block, channels));
}

function buildResidualBlock(scope: Scope, channels: number): Layer {
  const half = (index: number): Layer => {
    return normConvLayer({ norm: scope.child(`gn${index}`), conv: scope.child(`conv${index}`) }, channels);
  };
  const first = half(1), second = half(2);
  return (x, mode) => residualAdd(second(first(x, mode), mode), x);
}

/** What an upward step is given: features of half its resolution, and what it adds to them, if anything. */
interface StepInput {
  readonly below: Tensor;
  readonly skip: Tensor | undefined;
}

/** 1×1×1 convolution to half the channels, nearest upsampling, the skip, residual block. */
function upStep(scope: Scope, name: string, inputs: number): (input: StepInput, mode: ForwardMode) => Tensor {
  const conv = defaultPointwiseConv(scope.child(`${name}conva`), { inputs, outputs: inputs / 2 });
  const block = residualBlock(scope.child(`${name}convb`), inputs / 2);
  return ({ below, skip }, mode) =>
    inScope(mode, () => {
      const h = upsampleNearest(conv(below, mode));
      return block(skip === undefined ? h : residualAdd(h, skip), mode);
    });
}
