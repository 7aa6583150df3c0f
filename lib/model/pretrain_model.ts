/** A backbone with its pre-training decoder: what the trainer trains. */
import type { Tensor5D } from "../tensor/mod.ts";
import { expectDivisible } from "./_divisible.ts";
import type { ForwardMode } from "./layers.ts";
import { buildLinearDecoder } from "./linear_decoder.ts";
import { Scope } from "./parameters.ts";
import type { Parameter, ParameterDescription } from "./parameters.ts";
import { divisorOf } from "./presets.ts";
import type { ModelConfig } from "./presets.ts";
import { buildUnet3d } from "./unet3d.ts";
import { buildUniformer } from "./uniformer.ts";

/** What a forward pass gives. */
export interface PretrainOutput {
  /** Features of the encoder's stages, highest resolution first; the last is what contrastive learning compares. */
  readonly features: readonly Tensor5D[];
  /** The rebuilt volume `[B, D, H, W, 1]`. */
  readonly reconstruction: Tensor5D;
}

/** A model for pre-training. */
export interface PretrainModel {
  /** Parameters and buffers under their official names, those that pre-training has no use for included. */
  readonly parameters: readonly Parameter[];
  /** Depth, height and width of inputs must be divisible by this. */
  readonly divisor: number;
  /** Mosaics `[B, D, H, W, 1]` → features and reconstruction. */
  forward(x: Tensor5D, mode: ForwardMode): PretrainOutput;
  /** Frees the parameters. */
  dispose(): void;
}

/**
 * Builds a model with fresh weights: the same for the same seed, whatever else is built.
 *
 * @throws {RangeError} on forward, when the input's sizes are not divisible by `divisor`
 */
export function buildPretrainModel(config: ModelConfig, { seed }: { seed: number }): PretrainModel {
  const scope = new Scope({ seed });
  const forward = buildForward(scope, config);
  const divisor = divisorOf(config);
  const parameters = scope.list();
  return {
    parameters,
    divisor,
    forward(x, mode) {
      expectDivisible(config.backbone, x, divisor);
      return forward(x, mode);
    },
    dispose: () => parameters.forEach(({ variable }) => variable.dispose()),
  };
}

/** Names and layouts of a model's parameters and buffers, in the order of the model; no values are made. */
export function describeParameters(config: ModelConfig): ParameterDescription[] {
  const scope = new Scope({ seed: 0, describeOnly: true });
  buildForward(scope, config);
  return scope.list().map(({ variable: _, ...description }) => description);
}

function buildForward(scope: Scope, config: ModelConfig): PretrainModel["forward"] {
  return config.backbone === "uniformer" ? uniformerForward(scope, config) : buildUnet3d(scope, config);
}

function uniformerForward(
  scope: Scope,
  config: Extract<ModelConfig, { backbone: "uniformer" }>,
): PretrainModel["forward"] {
  const encoder = buildUniformer(scope.child("encoder").child("uniformer"), config);
  const decoder = buildLinearDecoder(scope.child("decoder"), config);
  return (x, mode) => {
    const features = encoder(x, mode);
    return { features, reconstruction: decoder(features[3], mode) as Tensor5D };
  };
}
