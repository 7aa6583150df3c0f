/** UniFormer in 3-D: convolutional blocks at high resolution, self-attention at low. */
import { mlp, selfAttention, shapeOf, tf } from "../tensor/mod.ts";
import type { Tensor, Tensor5D } from "../tensor/mod.ts";
import {
  addTo,
  batchNormLayer,
  depthwiseConv,
  layerNormLayer,
  linearLayer,
  linearParameters,
  patchConv,
  pointwiseConv,
  pointwiseParameters,
  recomputable,
} from "./layers.ts";
import type { ForwardMode, Layer, LinearParameters } from "./layers.ts";
import type { Scope } from "./parameters.ts";

/** Sizes of a UniFormer encoder. */
export interface UniformerConfig {
  /** Input channels: 1 in pre-training. */
  readonly inChannels: number;
  /** Channels of the four stages; stage i works at 1/2ⁱ of the input's resolution. */
  readonly embedDims: readonly [number, number, number, number];
  /** Blocks of the four stages; the first two are convolutional, the last two attend. */
  readonly depths: readonly [number, number, number, number];
  /** Channels of an attention head. */
  readonly headDim: number;
  /** Hidden channels of an MLP over its channels. */
  readonly mlpRatio: number;
}

/** An encoder: volume → the features of its four stages, highest resolution first. */
export type Encoder = (x: Tensor5D, mode: ForwardMode) => Tensor5D[];

/** Stabiliser of the layer normalisations inside attention blocks; patch embeddings use PyTorch's 1e-5. */
const BLOCK_EPSILON = 1e-6;
const EMBED_EPSILON = 1e-5;

/**
 * Builds the encoder under the official names.
 *
 * Shapes: `[B, D, H, W, inChannels]`, sizes divisible by 16 → stage i: `[B, D/2ⁱ, H/2ⁱ, W/2ⁱ, embedDims[i−1]]`.
 *
 * @see Li et al. 2022, "UniFormer"; official class uniformer_small
 */
export function buildUniformer(scope: Scope, config: UniformerConfig): Encoder {
  const stages = config.embedDims.map((channels, i) => {
    const inputs = i === 0 ? config.inChannels : config.embedDims[i - 1];
    return { embed: patchEmbed(scope.child(`patch_embed${i + 1}`), { inputs, outputs: channels }) };
  });
  const blocks = config.embedDims.map((channels, i) => {
    const stage = scope.child(`blocks${i + 1}`);
    const build = i < 2 ? convBlock : attentionBlock;
    return Array.from(
      { length: config.depths[i] },
      (_, k) => recomputable(stage.child(k), (block) => build(block, { ...config, channels })),
    );
  });
  const norm = batchNormLayer(scope.child("norm"), { channels: config.embedDims[3] });
  return (x, mode) => {
    const features: Tensor5D[] = [];
    let h: Tensor = x;
    stages.forEach(({ embed }, i) => {
      h = embed(h, mode);
      for (const block of blocks[i]) h = block(h, mode);
      features.push((i === 3 ? norm(h, mode) : h) as Tensor5D);
    });
    return features;
  };
}

function patchEmbed(scope: Scope, channels: { inputs: number; outputs: number }): Layer {
  const proj = patchConv(scope.child("proj"), channels);
  const norm = layerNormLayer(scope.child("norm"), { channels: channels.outputs, epsilon: EMBED_EPSILON });
  return (x, mode) => norm(proj(x, mode), mode);
}

type BlockConfig = UniformerConfig & { readonly channels: number };

/** x += DW3(x); x += Conv1(DW5(Conv1(BN(x)))); x += MLP(BN(x)). */
function convBlock(scope: Scope, { channels, mlpRatio }: BlockConfig): Layer {
  const same = { inputs: channels, outputs: channels };
  const position = depthwiseConv(scope.child("pos_embed"), { channels, kernel: 3 });
  const norm1 = batchNormLayer(scope.child("norm1"), { channels });
  const conv1 = pointwiseConv(scope.child("conv1"), same);
  const conv2 = pointwiseConv(scope.child("conv2"), same);
  const attention = depthwiseConv(scope.child("attn"), { channels, kernel: 5 });
  const norm2 = batchNormLayer(scope.child("norm2"), { channels });
  const mlp = perceptron(scope.child("mlp"), { channels, mlpRatio, parameters: pointwiseParameters });
  return (x, mode) => {
    const h1 = addTo(x, position(x, mode));
    const h2 = addTo(h1, conv2(attention(conv1(norm1(h1, mode), mode), mode), mode));
    return addTo(h2, mlp(norm2(h2, mode), mode));
  };
}

/** x += DW3(x); on tokens: x += Proj(MHSA(LN(x))); x += MLP(LN(x)). */
function attentionBlock(scope: Scope, { channels, headDim, mlpRatio }: BlockConfig): Layer {
  const position = depthwiseConv(scope.child("pos_embed"), { channels, kernel: 3 });
  const norm1 = layerNormLayer(scope.child("norm1"), { channels, epsilon: BLOCK_EPSILON });
  const attn = scope.child("attn");
  const qkv = linearLayer(attn.child("qkv"), { inputs: channels, outputs: 3 * channels });
  const proj = linearLayer(attn.child("proj"), { inputs: channels, outputs: channels });
  const norm2 = layerNormLayer(scope.child("norm2"), { channels, epsilon: BLOCK_EPSILON });
  const mlp = perceptron(scope.child("mlp"), { channels, mlpRatio, parameters: linearParameters });
  const attributes = { heads: channels / headDim, scale: 1 / Math.sqrt(headDim) };
  return (x, mode) => {
    const grid = addTo(x, position(x, mode));
    const tokens = tf.reshape(grid, [shapeOf(grid)[0], -1, channels]); // [B, N, C]
    const h = addTo(tokens, proj(selfAttention(qkv(norm1(tokens, mode), mode), attributes), mode));
    return tf.reshape(addTo(h, mlp(norm2(h, mode), mode)), shapeOf(grid));
  };
}

function perceptron(
  scope: Scope,
  { channels, mlpRatio, parameters }: {
    channels: number;
    mlpRatio: number;
    parameters: (scope: Scope, channels: { inputs: number; outputs: number }) => LinearParameters;
  },
): Layer {
  const hidden = channels * mlpRatio;
  const fc1 = parameters(scope.child("fc1"), { inputs: channels, outputs: hidden });
  const fc2 = parameters(scope.child("fc2"), { inputs: hidden, outputs: channels });
  const weights = { weight1: fc1.weight, bias1: fc1.bias, weight2: fc2.weight, bias2: fc2.bias };
  return (x) => mlp(x, weights);
}
