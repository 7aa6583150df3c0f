/** Named models, one line each. */
import type { UniformerConfig } from "./uniformer.ts";
import type { Unet3dConfig } from "./unet3d.ts";

/** What is needed to build a model: its backbone and the sizes of it. */
export type ModelConfig =
  | ({ readonly backbone: "uniformer" } & UniformerConfig)
  | ({ readonly backbone: "unet3d" } & Unet3dConfig);

const SMALL = { inChannels: 1, mlpRatio: 4, headDim: 64 } as const;

/**
 * All presets.
 *
 * `uniformer-small` and `unet3d` have the official sizes. `uniformer-tiny` keeps the shape of the small one at a
 * fraction of its cost, for the `quick` recipe and for tests.
 */
export const MODEL_PRESETS = {
  "uniformer-small": { backbone: "uniformer", ...SMALL, embedDims: [64, 128, 320, 512], depths: [3, 4, 8, 3] },
  "uniformer-tiny": {
    backbone: "uniformer",
    inChannels: 1,
    mlpRatio: 4,
    headDim: 32,
    embedDims: [8, 32, 96, 256],
    depths: [1, 1, 1, 1],
  },
  "unet3d": { backbone: "unet3d", inChannels: 1, initChannels: 32 },
  "unet3d-tiny": { backbone: "unet3d", inChannels: 1, initChannels: 8 },
} as const satisfies Record<string, ModelConfig>;

/** Name of a preset. */
export type ModelName = keyof typeof MODEL_PRESETS;

/** All preset names. */
export const MODEL_NAMES = Object.keys(MODEL_PRESETS) as [ModelName, ...ModelName[]];

/** What a model's input sizes must be divisible by: its encoder's stride. */
export function divisorOf({ backbone }: Pick<ModelConfig, "backbone">): number {
  return backbone === "uniformer" ? 16 : 8;
}
