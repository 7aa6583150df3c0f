/** Layers: a few parameters under official names and the function that applies them. */
import {
  batchNorm,
  channelsOf,
  checkpoint,
  conv3d,
  depthToSpace3d,
  depthwiseConv3d,
  frozenBatchNorm,
  groupNorm,
  layerNorm,
  linear,
  normConv3d,
  spaceToDepth3d,
  tf,
} from "../tensor/mod.ts";
import type { SharedBatch, Tensor, Tensor5D } from "../tensor/mod.ts";
import { constant, kaimingFanOut, uniform } from "./initializers.ts";
import { sameLayout } from "./parameters.ts";
import type { ParameterLayout, Scope } from "./parameters.ts";

/** How a forward pass runs. */
export interface ForwardMode {
  /** True: batch statistics are used and running statistics updated. False: running statistics are used. */
  readonly training: boolean;
  /** Keep only the inputs of blocks for the backward pass and compute the rest again: less memory, more time. */
  readonly recomputeBlocks?: boolean;
  /** True while a block is computed again: running statistics have seen its input already. */
  readonly recomputing?: boolean;
  /** The batch that x is a part of, where it is spread over ranks: batch statistics are those of the whole batch. */
  readonly shared?: SharedBatch;
}

/** A layer applied to a tensor. */
export type Layer = (x: Tensor, mode: ForwardMode) => Tensor;

/** Sizes of a layer that maps channels. */
export interface ChannelMap {
  readonly inputs: number;
  readonly outputs: number;
}

/** Weight `[inputs, outputs]` and bias `[outputs]`. */
export interface LinearParameters {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** Which spatial axes a stored kernel has: the official encoder works on (z, x, y), everything else on (x, y, z). */
export type OfficialAxes = "zxy" | "xyz";

/** Official kernel axes, after the two channel axes, in our order (z, y, x). */
function spatialOrder(axes: OfficialAxes): number[] {
  return axes === "zxy" ? [2, 4, 3] : [4, 3, 2];
}

/** Token-wise linear layer; PyTorch's default initial values. `[…, inputs]` → `[…, outputs]`. */
export function linearLayer(scope: Scope, channels: ChannelMap): Layer {
  const { weight, bias } = linearParameters(scope, channels);
  return (x) => linear(x, weight, { bias });
}

/** Weight `[inputs, outputs]` and bias `[outputs]` of {@linkcode linearLayer}. */
export function linearParameters(scope: Scope, { inputs, outputs }: ChannelMap): LinearParameters {
  const layout = { shape: [inputs, outputs], officialShape: [outputs, inputs], permutation: [1, 0] };
  const bound = 1 / Math.sqrt(inputs);
  const weight = scope.parameter("weight", layout, uniform(bound));
  return { weight, bias: scope.parameter("bias", sameLayout([outputs]), uniform(bound)) };
}

/** 1×1×1 convolution, Kaiming initial values, bias 0. `[…, inputs]` → `[…, outputs]`. */
export function pointwiseConv(scope: Scope, channels: ChannelMap): Layer {
  const { weight, bias } = pointwiseParameters(scope, channels);
  return (x) => linear(x, weight, { bias });
}

/** Weight `[inputs, outputs]` and bias `[outputs]` of {@linkcode pointwiseConv}. */
export function pointwiseParameters(scope: Scope, channels: ChannelMap): LinearParameters {
  const weight = pointwiseWeight(scope, channels);
  return { weight, bias: scope.parameter("bias", sameLayout([channels.outputs]), constant(0)) };
}

/** 1×1×1 convolution without bias, Kaiming initial values. `[…, inputs]` → `[…, outputs]`. */
export function plainPointwiseConv(scope: Scope, channels: ChannelMap): Layer {
  const weight = pointwiseWeight(scope, channels);
  return (x) => linear(x, weight);
}

function pointwiseWeight(scope: Scope, channels: ChannelMap): Tensor {
  const layout = pointwiseLayout(channels);
  return scope.parameter("weight", layout, kaimingFanOut(layout.officialShape));
}

/** 1×1×1 convolution with PyTorch's default initial values. `[…, inputs]` → `[…, outputs]`. */
export function defaultPointwiseConv(scope: Scope, { inputs, outputs }: ChannelMap): Layer {
  const bound = 1 / Math.sqrt(inputs);
  const weight = scope.parameter("weight", pointwiseLayout({ inputs, outputs }), uniform(bound));
  const bias = scope.parameter("bias", sameLayout([outputs]), uniform(bound));
  return (x) => linear(x, weight, { bias });
}

function pointwiseLayout({ inputs, outputs }: ChannelMap): ParameterLayout {
  return { shape: [inputs, outputs], officialShape: [outputs, inputs, 1, 1, 1], permutation: [2, 3, 4, 1, 0] };
}

/** 2×2×2 convolution of stride 2 of the encoder. `[B, D, H, W, inputs]` → `[B, D/2, H/2, W/2, outputs]`. */
export function patchConv(scope: Scope, { inputs, outputs }: ChannelMap): Layer {
  const officialShape = [outputs, inputs, 2, 2, 2];
  const layout = { shape: [8 * inputs, outputs], officialShape, permutation: [...spatialOrder("zxy"), 1, 0] };
  const weight = scope.parameter("weight", layout, kaimingFanOut(officialShape));
  const bias = scope.parameter("bias", sameLayout([outputs]), constant(0));
  return (x) => linear(spaceToDepth3d(x), weight, { bias });
}

/** Depthwise convolution of the encoder, size kept. `[B, D, H, W, channels]` → the same. */
export function depthwiseConv(scope: Scope, { channels, kernel }: { channels: number; kernel: number }): Layer {
  const officialShape = [channels, 1, kernel, kernel, kernel];
  const shape = [kernel, kernel, kernel, channels];
  const layout = { shape, officialShape, permutation: [...spatialOrder("zxy"), 1, 0] };
  const weight = scope.parameter("weight", layout, kaimingFanOut(officialShape));
  const bias = scope.parameter("bias", sameLayout([channels]), constant(0));
  return (x) => depthwiseConv3d(x, weight, { bias });
}

/** 3×3×3 convolution with bias and PyTorch's default initial values. `[B, D, H, W, inputs]` → `[…, outputs]`. */
export function defaultConv(scope: Scope, { inputs, outputs, stride = 1 }: ChannelMap & { stride?: number }): Layer {
  const { weight, bias } = defaultConvParameters(scope, { inputs, outputs });
  return (x) => conv3d(x, weight, { bias, stride });
}

function defaultConvParameters(scope: Scope, { inputs, outputs }: ChannelMap): Record<"weight" | "bias", Tensor> {
  const bound = 1 / Math.sqrt(27 * inputs);
  const weight = scope.parameter("weight", convLayout({ inputs, outputs }, "xyz"), uniform(bound));
  const bias = scope.parameter("bias", sameLayout([outputs]), uniform(bound));
  return { weight, bias };
}

/** 3×3×3 convolution with bias 0 and Kaiming initial values, on the encoder's axes. `[…, inputs]` → `[…, outputs]`. */
export function encoderConv(scope: Scope, channels: ChannelMap): Layer {
  const weight = kaimingConvWeight(scope, channels, "zxy");
  const bias = scope.parameter("bias", sameLayout([channels.outputs]), constant(0));
  return (x) => conv3d(x, weight, { bias });
}

/** 3×3×3 convolution without bias, Kaiming initial values, on the decoder's axes. `[…, inputs]` → `[…, outputs]`. */
export function plainConv(scope: Scope, channels: ChannelMap): Layer {
  const weight = kaimingConvWeight(scope, channels, "xyz");
  return (x) => conv3d(x, weight);
}

function kaimingConvWeight(scope: Scope, channels: ChannelMap, axes: OfficialAxes): Tensor {
  const layout = convLayout(channels, axes);
  return scope.parameter("weight", layout, kaimingFanOut(layout.officialShape));
}

function convLayout({ inputs, outputs }: ChannelMap, axes: OfficialAxes): ParameterLayout {
  const officialShape = [outputs, inputs, 3, 3, 3];
  return { shape: [3, 3, 3, inputs, outputs], officialShape, permutation: [...spatialOrder(axes), 1, 0] };
}

/** Transposed 2×2×2 convolution of stride 2, no bias. `[B, D, H, W, inputs]` → `[B, 2D, 2H, 2W, outputs]`. */
export function upConvolve(x: Tensor, weight: Tensor): Tensor5D {
  return depthToSpace3d(linear(x, weight));
}

/** The weight of {@linkcode upConvolve}, `[inputs, 8·outputs]`, its columns ordered (d, h, w, outputs). */
export function upConvWeight(scope: Scope, { inputs, outputs }: ChannelMap): Tensor {
  const layout = {
    shape: [inputs, 8 * outputs],
    officialShape: [inputs, outputs, 2, 2, 2],
    permutation: [0, ...spatialOrder("xyz"), 1],
  };
  return scope.parameter("weight", layout, uniform(1 / Math.sqrt(8 * outputs)));
}

/** Layer normalisation of the channels. */
export function layerNormLayer(scope: Scope, { channels, epsilon }: { channels: number; epsilon: number }): Layer {
  const { scale, bias } = affine(scope, channels);
  return (x) => layerNorm(x, { scale, bias, epsilon });
}

/** Instance normalisation with ε = 1e-5 and no parameters, and the activation that follows it. */
export function instanceNorm(x: Tensor, { activation = "none" }: { activation?: "none" | "leakyRelu" } = {}): Tensor {
  return groupNorm(x, { groups: channelsOf(x), epsilon: 1e-5, activation });
}

/**
 * Group normalisation by eight groups with ReLU, and a 3×3×3 convolution of as many channels with bias.
 *
 * Each has its own scope and PyTorch's default initial values. `[B, D, H, W, channels]` → the same.
 */
export function normConvLayer(scopes: Record<"norm" | "conv", Scope>, channels: number): Layer {
  const { scale, bias } = affine(scopes.norm, channels);
  const { weight, bias: convBias } = defaultConvParameters(scopes.conv, { inputs: channels, outputs: channels });
  const options = { scale, bias, convBias, groups: 8, epsilon: 1e-5, activation: "relu" } as const;
  return (x) => normConv3d(x, weight, options);
}

/** Share of the new batch in the running statistics. */
const MOMENTUM = 0.1;

/**
 * Batch normalisation with running statistics, ε = 1e-5.
 *
 * Running variance takes the unbiased batch variance, as PyTorch's does.
 */
export function batchNormLayer(scope: Scope, { channels }: { channels: number }): Layer {
  const { scale, bias } = affine(scope, channels);
  const runningMean = scope.buffer("running_mean", sameLayout([channels]), constant(0));
  const runningVariance = scope.buffer("running_var", sameLayout([channels]), constant(1));
  const batches = scope.buffer("num_batches_tracked", sameLayout([]), constant(0));
  const epsilon = 1e-5;
  const observe = (mean: Tensor, variance: Tensor, count: number): void =>
    tf.tidy(() => {
      const unbiased = tf.mul(variance, count / Math.max(1, count - 1));
      runningMean.assign(tf.add(tf.mul(runningMean, 1 - MOMENTUM), tf.mul(mean, MOMENTUM)));
      runningVariance.assign(tf.add(tf.mul(runningVariance, 1 - MOMENTUM), tf.mul(unbiased, MOMENTUM)));
      batches.assign(tf.add(batches, 1));
    });
  return (x, { training, recomputing, shared }) => {
    if (training) return batchNorm(x, { scale, bias, epsilon, observe: recomputing ? undefined : observe, shared });
    return frozenBatchNorm(x, { scale, bias, epsilon, mean: runningMean, variance: runningVariance });
  };
}

function affine(scope: Scope, channels: number): { scale: Tensor; bias: Tensor } {
  const scale = scope.parameter("weight", sameLayout([channels]), constant(1));
  const bias = scope.parameter("bias", sameLayout([channels]), constant(0));
  return { scale, bias };
}

/** Outside training, frees all that a computation leaves behind but its result; a backward pass would need the rest. */
export function inScope<T extends Tensor>({ training }: ForwardMode, compute: () => T): T {
  return training ? compute() : tf.tidy(compute);
}

/** A block of layers that can be computed again in the backward pass, when the mode asks for it. */
export function recomputable(scope: Scope, build: (scope: Scope) => Layer): Layer {
  const before = scope.list().length;
  const layer = build(scope);
  const parameters = scope.list().slice(before).flatMap(({ trainable, variable }) => trainable ? [variable] : []);
  return (x, mode) => {
    if (!mode.training || !mode.recomputeBlocks) return inScope(mode, () => layer(x, mode));
    return checkpoint((h, { recomputing }) => layer(h, { ...mode, recomputing }), x, { parameters });
  };
}
