/** Backbones with their decoders for pre-training and segmentation, or a head, under official parameter names. */
export { buildClassificationModel, HEAD_KINDS } from "./classification_model.ts";
export type { ClassificationConfig, ClassificationModel, HeadKind } from "./classification_model.ts";
export { isEncoderParameter } from "./_weight_names.ts";
export type { ForwardMode } from "./layers.ts";
export { compareWeights, FIRST_CONV_RULES, loadWeights, matchWeights } from "./load_weights.ts";
export type {
  FirstConvRule,
  MatchedWeight,
  MatchOptions,
  ShapeMismatch,
  WeightsMatch,
  WeightTensor,
} from "./load_weights.ts";
export { toOfficialLayout, toOurLayout } from "./parameters.ts";
export type { Parameter, ParameterDescription, ParameterLayout } from "./parameters.ts";
export { divisorOf, MODEL_NAMES, MODEL_PRESETS } from "./presets.ts";
export type { ModelConfig, ModelName } from "./presets.ts";
export { buildPretrainModel, describeParameters } from "./pretrain_model.ts";
export type { PretrainModel, PretrainOutput } from "./pretrain_model.ts";
export { buildSegmentationModel } from "./segmentation_model.ts";
export type { SegmentationConfig, SegmentationModel, SegmentationOutput } from "./segmentation_model.ts";
export type { UniformerConfig } from "./uniformer.ts";
export type { Unet3dConfig } from "./unet3d.ts";
