/** What both decoders of UniFormer have under the same names; segmentation uses all of it, pre-training a part. */
import { leakyRelu } from "../tensor/mod.ts";
import type { Tensor } from "../tensor/mod.ts";
import {
  encoderConv,
  inScope,
  instanceNorm,
  layerNormLayer,
  plainConv,
  plainPointwiseConv,
  recomputable,
  upConvWeight,
} from "./layers.ts";
import type { ChannelMap, Layer } from "./layers.ts";
import type { Scope } from "./parameters.ts";
import type { UniformerConfig } from "./uniformer.ts";

/** Parts of the decoder, from the deepest of its four steps to full resolution. */
export interface DecoderParts {
  /** Weights of the up-convolutions: each doubles the resolution. */
  readonly upWeights: readonly Tensor[];
  /** What turns a step's upsampled channels and those of its skip into the step's output. */
  readonly blocks: readonly Layer[];
  /** What makes the input volume the skip of the last step. */
  readonly projection: Layer;
}

/**
 * Declares the parts under the official names.
 *
 * @param options without `skips` the blocks and the projection are of no use, and are not trained
 * @see official class UniSegDecoder
 */
export function decoderParts(
  scope: Scope,
  { inChannels, embedDims }: Pick<UniformerConfig, "inChannels" | "embedDims">,
  { skips }: { skips: boolean },
): DecoderParts {
  const [c1, c2, c3, c4] = embedDims;
  const withSkips = (part: Scope): Scope => skips ? part : part.unused();
  const steps = [[c4, c3], [c3, c2], [c2, c1], [c1, c1]].map(([inputs, outputs], i) => {
    const step = scope.child(`decoder${5 - i}`);
    const weight = upConvWeight(step.child("transp_conv").child("conv"), { inputs, outputs });
    const block = unetResBlock(withSkips(step).child("conv_block"), { inputs: 2 * outputs, outputs });
    return { weight, block };
  });
  return {
    upWeights: steps.map(({ weight }) => weight),
    blocks: steps.map(({ block }) => block),
    projection: inputProjection(withSkips(scope).child("proj1"), { inputs: inChannels, outputs: c1 }),
  };
}

/**
 * LeakyReLU(IN(Conv3(LeakyReLU(IN(Conv3(x))))) + IN(Conv1(x))), convolutions without bias.
 *
 * Shapes: `[B, D, H, W, inputs]` → `[B, D, H, W, outputs]`.
 *
 * @see MONAI's UnetResBlock, for different numbers of channels
 */
export function unetResBlock(scope: Scope, channels: ChannelMap): Layer {
  return recomputable(scope, (block) => buildUnetResBlock(block, channels));
}

function buildUnetResBlock(scope: Scope, { inputs, outputs }: ChannelMap): Layer {
  const first = plainConv(scope.child("conv1").child("conv"), { inputs, outputs });
  const second = plainConv(scope.child("conv2").child("conv"), { inputs: outputs, outputs });
  const shortcut = plainPointwiseConv(scope.child("conv3").child("conv"), { inputs, outputs });
  return (x, mode) => {
    // At full resolution each of these is the largest tensor of all: none is held for longer than it is needed.
    const h = inScope(mode, () => {
      const inner = inScope(mode, () => instanceNorm(first(x, mode), { activation: "leakyRelu" }));
      return instanceNorm(second(inner, mode));
    });
    const residual = inScope(mode, () => instanceNorm(shortcut(x, mode)));
    return leakyRelu(h, { residual });
  };
}

/** 3×3×3 convolution and layer normalisation: a patch embedding of the encoder's kind that keeps the resolution. */
function inputProjection(scope: Scope, channels: ChannelMap): Layer {
  return recomputable(scope, (part) => {
    const proj = encoderConv(part.child("proj"), channels);
    const norm = layerNormLayer(part.child("norm"), { channels: channels.outputs, epsilon: 1e-5 });
    return (x, mode) => norm(proj(x, mode), mode);
  });
}
