/** UniFormer with a head on its pooled deepest features: one class per volume. */
import { gelu, shapeOf, tf } from "../tensor/mod.ts";
import type { Tensor, Tensor2D, Tensor5D } from "../tensor/mod.ts";
import { expectDivisible } from "./_divisible.ts";
import { linearLayer } from "./layers.ts";
import type { ForwardMode, Layer } from "./layers.ts";
import { Scope } from "./parameters.ts";
import type { Parameter } from "./parameters.ts";
import { buildUniformer } from "./uniformer.ts";
import type { UniformerConfig } from "./uniformer.ts";

/** What stands on the pooled features. */
export const HEAD_KINDS = ["linear", "mlp"] as const;

/** One of {@linkcode HEAD_KINDS}. */
export type HeadKind = (typeof HEAD_KINDS)[number];

/** Sizes of a classification model: those of its encoder, e.g. of a preset, with its own input channels. */
export interface ClassificationConfig extends UniformerConfig {
  /** Classes, of which a volume has one. */
  readonly classes: number;
  readonly head: HeadKind;
  /** Hidden units of the `mlp` head. */
  readonly hidden: number;
}

/** A model for classification. */
export interface ClassificationModel {
  /** Parameters and buffers: the encoder's official names, then `head.*`. */
  readonly parameters: readonly Parameter[];
  /** Depth, height and width of inputs must be divisible by this. */
  readonly divisor: number;
  /** Volumes `[B, D, H, W, inChannels]` → the deepest features, averaged over all voxels: `[B, embedDims[3]]`. */
  pool(x: Tensor5D, mode: ForwardMode): Tensor2D;
  /** Pooled features `[B, embedDims[3]]` → logits `[B, classes]`. */
  classify(pooled: Tensor2D, mode: ForwardMode): Tensor2D;
  /** Volumes `[B, D, H, W, inChannels]` → logits `[B, classes]`. */
  forward(x: Tensor5D, mode: ForwardMode): Tensor2D;
  /** Frees the parameters. */
  dispose(): void;
}

/** The encoder's stride. */
const DIVISOR = 16;

/**
 * Builds a model with fresh weights: the same for the same seed.
 *
 * Head: one linear layer, or two with GELU between them. Softmax is left to the loss.
 *
 * @throws {RangeError} when there are fewer than 2 classes; on forward, when the input's sizes are not divisible
 */
export function buildClassificationModel(
  config: ClassificationConfig,
  { seed }: { seed: number },
): ClassificationModel {
  if (!(Number.isInteger(config.classes) && config.classes >= 2)) {
    throw new RangeError(`Cannot build classification model: expected at least 2 classes, got ${config.classes}`);
  }
  const scope = new Scope({ seed });
  const encoder = buildUniformer(scope.child("encoder"), config);
  const head = buildHead(scope.child("head"), config);
  const parameters = scope.list();
  const pool: ClassificationModel["pool"] = (x, mode) => {
    expectDivisible("classification model", x, DIVISOR);
    const deepest = encoder(x, mode)[3];
    const [batch, , , , channels] = shapeOf(deepest);
    return tf.mean(tf.reshape(deepest, [batch, -1, channels]), 1) as Tensor2D;
  };
  const classify: ClassificationModel["classify"] = (pooled, mode) => head(pooled, mode) as Tensor2D;
  return {
    parameters,
    divisor: DIVISOR,
    pool,
    classify,
    forward: (x, mode) => classify(pool(x, mode), mode),
    dispose: () => parameters.forEach(({ variable }) => variable.dispose()),
  };
}

function buildHead(scope: Scope, { embedDims, classes, head, hidden }: ClassificationConfig): Layer {
  const inputs = embedDims[3];
  if (head === "linear") return linearLayer(scope, { inputs, outputs: classes });
  const first = linearLayer(scope.child("fc1"), { inputs, outputs: hidden });
  const second = linearLayer(scope.child("fc2"), { inputs: hidden, outputs: classes });
  return (x: Tensor, mode) => second(gelu(first(x, mode)), mode);
}
