/** An encoder with a head on its pooled deepest features: one class per volume. */
import { gelu, shapeOf, tf } from "../tensor/mod.ts";
import type { Tensor, Tensor2D, Tensor5D } from "../tensor/mod.ts";
import { expectDivisible } from "./_divisible.ts";
import { linearLayer } from "./layers.ts";
import type { ForwardMode, Layer } from "./layers.ts";
import { Scope } from "./parameters.ts";
import type { Parameter } from "./parameters.ts";
import { divisorOf } from "./presets.ts";
import type { ModelConfig } from "./presets.ts";
import { buildUnet3dEncoder } from "./unet3d.ts";
import { buildUniformer } from "./uniformer.ts";

/** What stands on the pooled features. */
export const HEAD_KINDS = ["linear", "mlp"] as const;

/** One of {@linkcode HEAD_KINDS}. */
export type HeadKind = (typeof HEAD_KINDS)[number];

/** What a classification model is: a backbone, e.g. that of a preset, with its own input channels, classes and head. */
export type ClassificationConfig = ModelConfig & {
  /** Classes, of which a volume has one. */
  readonly classes: number;
  readonly head: HeadKind;
  /** Hidden units of the `mlp` head. */
  readonly hidden: number;
};

/** A model for classification. */
export interface ClassificationModel {
  /** Parameters and buffers: the encoder's official names in a classification, then `head.*`. */
  readonly parameters: readonly Parameter[];
  /** Depth, height and width of inputs must be divisible by this. */
  readonly divisor: number;
  /** Volumes `[B, D, H, W, inChannels]` → the deepest features, averaged over all voxels: `[B, F]`. */
  pool(x: Tensor5D, mode: ForwardMode): Tensor2D;
  /** Pooled features `[B, F]` → logits `[B, classes]`. */
  classify(pooled: Tensor2D, mode: ForwardMode): Tensor2D;
  /** Volumes `[B, D, H, W, inChannels]` → logits `[B, classes]`. */
  forward(x: Tensor5D, mode: ForwardMode): Tensor2D;
  /** Frees the parameters. */
  dispose(): void;
}

/**
 * Builds a model with fresh weights: the same for the same seed.
 *
 * Head: one linear layer, as the official code has it, or two with GELU between them, which is ours. Softmax is left to
 * the loss. UNET3D's decoder has no part in it and is left out.
 *
 * @throws {RangeError} when there are fewer than 2 classes; on forward, when the input's sizes are not divisible
 * @see official class cls_model of fine-tuning with UNet3D_g
 */
export function buildClassificationModel(
  config: ClassificationConfig,
  { seed }: { seed: number },
): ClassificationModel {
  if (!(Number.isInteger(config.classes) && config.classes >= 2)) {
    throw new RangeError(`Cannot build classification model: expected at least 2 classes, got ${config.classes}`);
  }
  const scope = new Scope({ seed });
  const { encoder, channels } = buildEncoder(scope, config);
  const head = buildHead(scope.child("head"), { ...config, inputs: channels });
  const parameters = scope.list();
  const divisor = divisorOf(config);
  const pool: ClassificationModel["pool"] = (x, mode) => {
    expectDivisible("classification model", x, divisor);
    const deepest = encoder(x, mode);
    const [batch] = shapeOf(deepest);
    return tf.mean(tf.reshape(deepest, [batch, -1, channels]), 1) as Tensor2D;
  };
  const classify: ClassificationModel["classify"] = (pooled, mode) => head(pooled, mode) as Tensor2D;
  return {
    parameters,
    divisor,
    pool,
    classify,
    forward: (x, mode) => classify(pool(x, mode), mode),
    dispose: () => parameters.forEach(({ variable }) => variable.dispose()),
  };
}

/** What gives the deepest features, and how many channels they have. */
interface Encoder {
  readonly encoder: (x: Tensor5D, mode: ForwardMode) => Tensor5D;
  readonly channels: number;
}

function buildEncoder(scope: Scope, config: ModelConfig): Encoder {
  if (config.backbone === "uniformer") {
    const stages = buildUniformer(scope.child("encoder"), config);
    return { encoder: (x, mode) => stages(x, mode)[3], channels: config.embedDims[3] };
  }
  const encode = buildUnet3dEncoder(scope.child("model").child("unet"), config);
  return { encoder: (x, mode) => encode(x, mode).features[3], channels: 8 * config.initChannels };
}

type HeadSizes = Pick<ClassificationConfig, "classes" | "head" | "hidden"> & { readonly inputs: number };

function buildHead(scope: Scope, { inputs, classes, head, hidden }: HeadSizes): Layer {
  if (head === "linear") return linearLayer(scope, { inputs, outputs: classes });
  const first = linearLayer(scope.child("fc1"), { inputs, outputs: hidden });
  const second = linearLayer(scope.child("fc2"), { inputs: hidden, outputs: classes });
  return (x: Tensor, mode) => second(gelu(first(x, mode)), mode);
}
