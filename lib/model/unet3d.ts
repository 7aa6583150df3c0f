/** UNET3D as used in pre-training: residual group-norm blocks and a decoder without skips. */
import { upsampleNearest } from "../tensor/mod.ts";
import type { Tensor, Tensor5D } from "../tensor/mod.ts";
import { addTo, defaultConv, defaultPointwiseConv, groupNormLayer, recomputable } from "./layers.ts";
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

/**
 * Builds the network under the official names.
 *
 * Shapes: `[B, D, H, W, inChannels]`, sizes divisible by 8 → reconstruction `[B, D, H, W, 1]`; features at 1/2, 1/4,
 * 1/8 of the resolution, and the deepest after its residual blocks.
 *
 * @see official class Unet3D, pre-training variant
 */
export function buildUnet3d(scope: Scope, { inChannels, initChannels: c }: Unet3dConfig): Unet3d {
  const stem = defaultConv(scope.child("conv1a"), { inputs: inChannels, outputs: c });
  const blocks = (channels: number, ...names: string[]): Layer =>
    chain(names.map((name) => residualBlock(scope.child(name), channels)));
  const down = (name: string, inputs: number): Layer =>
    defaultConv(scope.child(name), { inputs, outputs: 2 * inputs, stride: 2 });
  const full = blocks(c, "conv1b");
  const ds1 = down("ds1", c), half = blocks(2 * c, "conv2a", "conv2b");
  const ds2 = down("ds2", 2 * c), quarter = blocks(4 * c, "conv3a", "conv3b");
  const ds3 = down("ds3", 4 * c), eighth = blocks(8 * c, "conv4a", "conv4b", "conv4c", "conv4d");
  const ups = [["up4", 8 * c], ["up3", 4 * c], ["up2", 2 * c]].map(([name, inputs]) =>
    upBlock(scope, String(name), Number(inputs))
  );
  const out = defaultPointwiseConv(scope.child("up1conv"), { inputs: c, outputs: 1 });
  return (x, mode) => {
    const x1 = ds1(full(stem(x, mode), mode), mode);
    const x2 = ds2(half(x1, mode), mode);
    const x3 = ds3(quarter(x2, mode), mode);
    const x4 = eighth(x3, mode);
    let h = x4;
    for (const up of ups) h = up(h, mode);
    return { features: [x1, x2, x3, x4] as Tensor5D[], reconstruction: out(h, mode) as Tensor5D };
  };
}

function chain(layers: readonly Layer[]): Layer {
  return (x, mode) => layers.reduce((h: Tensor, layer) => layer(h, mode), x);
}

/** x + Conv3(ReLU(GN(Conv3(ReLU(GN(x)))))). */
function residualBlock(scope: Scope, channels: number): Layer {
  return recomputable(scope, (block) => buildResidualBlock(block, channels));
}

function buildResidualBlock(scope: Scope, channels: number): Layer {
  const half = (index: number): Layer => {
    const norm = groupNormLayer(scope.child(`gn${index}`), { channels, activation: "relu" });
    const conv = defaultConv(scope.child(`conv${index}`), { inputs: channels, outputs: channels });
    return (x, mode) => conv(norm(x, mode), mode);
  };
  const first = half(1), second = half(2);
  return (x, mode) => addTo(second(first(x, mode), mode), x);
}

/** 1×1×1 convolution to half the channels, nearest upsampling, residual block. */
function upBlock(scope: Scope, name: string, inputs: number): Layer {
  const conv = defaultPointwiseConv(scope.child(`${name}conva`), { inputs, outputs: inputs / 2 });
  const block = residualBlock(scope.child(`${name}convb`), inputs / 2);
  return (x, mode) => block(upsampleNearest(conv(x, mode)), mode);
}
