/**
 * Pre-training of 3-D vision models on multi-parametric brain MRI as BrainMVP describes it (arXiv 2410.10604).
 *
 * Scans come in and results go out as bytes and plain values: nothing here opens a scan, prints, or uses Deno's own API.
 * What does is in `lib/host/`; the recipes of `deno task pretrain` are in `recipes/`.
 *
 * @example Hide most of a phantom's T1 behind its FLAIR and let a small model rebuild it
 * ```ts
 * import assert from "node:assert/strict";
 * import * as mvp from "./mod.ts";
 *
 * await mvp.selectBackend("auto");
 * const subject = { seed: 1, index: 0, size: 40, modalities: ["t1", "flair"], lesion: "tumour" } as const;
 * const { images } = mvp.generatePhantomSubject(subject);
 * const scans = images.map(({ modality, volume }) => ({ modality, volume, file: modality }));
 * const stack = mvp.preprocessSubject(scans, { ...mvp.DEFAULT_PREPROCESS, spacingMm: null });
 * const place = { subject: "phantom", cropSize: [32, 32, 32], templateSize: [40, 40, 40] } as const;
 * const { voxels } = mvp.centreSample(stack, place);
 * const [t1, flair] = mvp.tf.unstack(mvp.tf.tensor(voxels, [2, 1, 32, 32, 32, 1])) as mvp.Tensor5D[];
 * const random = mvp.randomStream(0, "mask");
 * const hidden = mvp.drawBlockMask({ size: [32, 32, 32], blockSize: 8, maskRatio: 0.875, random });
 * const mask = mvp.tf.tensor(hidden, [1, 32, 32, 32, 1]);
 * const mosaic = mvp.maskedFill(t1, { fill: flair, mask }) as mvp.Tensor5D;
 * const model = mvp.buildPretrainModel(mvp.MODEL_PRESETS["uniformer-tiny"], { seed: 0 });
 * const { reconstruction } = model.forward(mosaic, { training: false });
 * assert.deepEqual(reconstruction.shape, t1.shape);
 * ```
 *
 * @module
 */

// Scans: reading, finding, preparing, sampling.
export {
  type Batch,
  batches,
  type BatchesOptions,
  canonicalModality,
  centredForegroundBox,
  centreSample,
  checkSameGrid,
  type CropOptions,
  cropStack,
  type Datalist,
  type DatalistOptions,
  type DatalistReaders,
  DEFAULT_PREPROCESS,
  type DiscoverOptions,
  discoverSubjects,
  type Discovery,
  type DrawOptions,
  drawSample,
  epochOrder,
  foregroundBox,
  formatDatalist,
  type Grid,
  type Interpolation,
  type ListedImage,
  type LoadOptions,
  loadSubject,
  LocalSource,
  MODALITIES,
  type Modality,
  modalityOfFile,
  type NiftiDatatype,
  type NiftiHeader,
  type OrderOptions,
  orientationOf,
  padToSize,
  parseDatalist,
  type PercentileOptions,
  percentileRange,
  type PreprocessOptions,
  preprocessSubject,
  readGrid,
  readNifti,
  readNiftiHeader,
  resampleToGrid,
  resampleToSpacing,
  resolveFile,
  type Sample,
  type SamplePlan,
  type SampleRequest,
  type SampleSource,
  scaleByPercentiles,
  type SkippedFile,
  type Split,
  type SplitOptions,
  splitSubjects,
  type Subject,
  type SubjectImage,
  takeSample,
  toRas,
  verifyDatalist,
  type VoxelBox,
  writeNifti,
  writeNiftiChannels,
  type WriteNiftiOptions,
  type WrittenDatatype,
} from "./lib/dataset/mod.ts";

// Labelled scans: what fine-tuning learns from.
export {
  type AugmentOptions,
  type AugmentPlace,
  augmentSample,
  type DownstreamPreprocess,
  type FlipKind,
  harmoniseLabels,
  keepFraction,
  type LabelledPlan,
  type LabelledSample,
  type LabelledSampleSource,
  LabelledSource,
  type LabelledStack,
  type LabelScheme,
  type LabelSet,
  loadLabelledSubject,
  OFFICIAL_DOWNSTREAM,
  prepareDownstream,
  type SubjectLabel,
  takeLabelledSample,
  type TemplateVolume,
} from "./lib/dataset/mod.ts";

// Phantoms: synthetic subjects for first steps and tests.
export {
  type CohortFolder,
  type CohortResult,
  type EnsureCohortOptions,
  ensurePhantomCohort,
  type FieldStrength,
  generatePhantomSubject,
  type Morphometry,
  PHANTOM_DATALIST,
  PHANTOM_LESIONS,
  type PhantomCohortOptions,
  type PhantomLesion,
  type PhantomPlan,
  type PhantomSource,
  type PhantomSubject,
  type PhantomSubjectOptions,
  planPhantomCohort,
  type Protocol,
  STROKE_LABEL,
  type Tissue,
  TUMOUR_LABELS,
} from "./lib/dataset/mod.ts";

// The method: masks, templates, losses, metrics.
export { type BlockMaskOptions, drawBlockMask, keptBlockCount } from "./lib/masking/mod.ts";
export {
  TEMPLATE_GRADIENTS,
  templateDistance,
  type TemplateGradient,
  type TemplateOptions,
  type TemplatePlace,
  Templates,
} from "./lib/templates/mod.ts";
export {
  classificationLoss,
  diceBceLoss,
  type DiceBceOptions,
  type ExclusiveOptions,
  exclusiveSegmentationLoss,
  infoNceLoss,
  segmentationLoss,
} from "./lib/losses/mod.ts";
export { type ErrorSum, maskedSquaredError, psnr } from "./lib/metrics/mod.ts";

// Models.
export {
  buildClassificationModel,
  buildPretrainModel,
  buildSegmentationModel,
  type ClassificationConfig,
  type ClassificationModel,
  describeParameters,
  divisorOf,
  FIRST_CONV_RULES,
  type FirstConvRule,
  type ForwardMode,
  type HeadKind,
  loadWeights,
  type MatchedWeight,
  type MatchOptions,
  matchWeights,
  MODEL_NAMES,
  MODEL_PRESETS,
  type ModelConfig,
  type ModelName,
  type Parameter,
  type ParameterDescription,
  type ParameterLayout,
  type PretrainModel,
  type PretrainOutput,
  type SegmentationConfig,
  type SegmentationModel,
  type SegmentationOutput,
  type ShapeMismatch,
  toOfficialLayout,
  toOurLayout,
  type Unet3dConfig,
  type UniformerConfig,
  type WeightsMatch,
  type WeightTensor,
} from "./lib/model/mod.ts";

// Prediction of whole volumes.
export {
  ALL_MIRRORS,
  labelMap,
  type LabelMapOptions,
  type LabelRegion,
  type Mirror,
  NO_MIRROR,
  type OutputKind,
  slidingWindow,
  type SlidingWindowOptions,
  toProbabilities,
  type Weighting,
  WEIGHTINGS,
  windowPositions,
  type WindowProgress,
  windowWeights,
} from "./lib/inference/mod.ts";

// Training, and its options.
export {
  type Checkpoint,
  learningRateAt,
  type MethodOptions,
  methodSchema,
  type OptimizerOptions,
  optimizerSchema,
  pretrain,
  type RunOptions,
  runSchema,
  type RunStore,
  type ScheduleOptions,
  type SubjectSource,
  type TrainerOptions,
  type TrainerParts,
  type TrainerProgress,
  type TrainerResult,
  type Validation,
} from "./lib/trainer/mod.ts";
export {
  balancedWeights,
  type BatchOutcome,
  ClassificationObjective,
  type ClassificationParts,
  finetune,
  type FinetuneOptions,
  type FinetuneParts,
  type FinetunePlace,
  type FinetuneProgress,
  type FinetuneResult,
  type FinetuneStore,
  type LabelledSubjects,
  type Objective,
  type ObjectiveScore,
  SegmentationObjective,
  type SegmentationOptions,
  type SegmentationParts,
  type SegmentationTarget,
} from "./lib/trainer/mod.ts";
export {
  type ConfigFile,
  type ConfigOverrides,
  describeConfig,
  flattenConfig,
  type OptionDescription,
  parseConfigFile,
  resolveConfig,
} from "./lib/config.ts";

// Tensors: TensorFlow.js, and the 3-D operations it lacks.
export {
  type BackendInfo,
  type BackendName,
  BACKENDS,
  batchNorm,
  conv3d,
  depthToSpace3d,
  depthwiseConv3d,
  frozenBatchNorm,
  gelu,
  groupNorm,
  layerNorm,
  leakyRelu,
  linear,
  maskedFill,
  type NamedTensorMap,
  type ObserveMoments,
  sampleSquaredError,
  type Scalar,
  selectBackend,
  selfAttention,
  spaceToDepth3d,
  type TemplateWindow,
  templateWindow,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  type Tensor5D,
  tf,
  upsampleNearest,
  upsampleTrilinear,
  type Variable,
} from "./lib/tensor/mod.ts";

// Results: records of a run, its report, files for other tools.
export type {
  ClassificationRecord,
  EventRecord,
  FinetuneRecord,
  FinetuneStepRecord,
  MetricsRecord,
  PairScore,
  ReconstructionExample,
  RegionDice,
  RunReport,
  SegmentationRecord,
  StepRecord,
  TemplateImage,
  ValidationRecord,
} from "./lib/results.ts";
export {
  type Convention,
  formatPairTable,
  type GreyWindow,
  type Interpolation as PictureInterpolation,
  type MontageOptions,
  montagePng,
  type Plane,
  renderReport,
  type ScalarImage,
} from "./lib/report/mod.ts";
export {
  blobSource,
  type ByteSource,
  bytesSource,
  type CardSubjects,
  decodeSafetensors,
  encodeOnnxEncoder,
  encodeSafetensors,
  formatModelCard,
  type LazySafetensorsFile,
  type LazyTensor,
  type ModelCard,
  type OnnxOptions,
  openSafetensors,
  openWeights,
  type Safetensor,
  type SafetensorArrays,
  type SafetensorsFile,
  type SafetensorsStream,
  streamSafetensors,
  type TensorDtype,
  type TensorValues,
  type WeightsFile,
  type WeightsFormat,
} from "./lib/interop/mod.ts";

// Conventions shared by all of the above.
export {
  type Affine,
  affinesAgree,
  invertAffine,
  multiplyAffines,
  sameTriple,
  spacingOf,
  translateOrigin,
  type Triple,
  type Volume,
  type VolumeStack,
  voxelCount,
  voxelToWorld,
} from "./lib/geometry.ts";
export { type Random, randomStream } from "./lib/random.ts";
export { BackendUnavailableError, CheckpointError, ConfigError, DatalistError, VolumeError } from "./lib/errors.ts";
