/**
 * Volumes in, batches out: scans are found, listed, checked, read, brought into the common space and cropped.
 *
 * @module
 */
export { type Grid, labelFits } from "./_grid.ts";
export {
  type AugmentOptions,
  type AugmentPlace,
  augmentSample,
  FLIP_KINDS,
  type FlipKind,
  type TemplateVolume,
} from "./augment.ts";
export { centredForegroundBox, cropStack, foregroundBox, padToSize, type VoxelBox } from "./crop.ts";
export {
  type Datalist,
  type DatalistOptions,
  formatDatalist,
  type ListedImage,
  parseDatalist,
  resolveFile,
  type Subject,
} from "./datalist.ts";
export {
  type DownstreamPreprocess,
  type LabelledStack,
  OFFICIAL_DOWNSTREAM,
  prepareDownstream,
  type SubjectLabel,
} from "./downstream.ts";
export { type DiscoverOptions, discoverSubjects, type Discovery, type SkippedFile } from "./discover.ts";
export { harmoniseLabels, type LabelScheme, type LabelSet } from "./labels.ts";
export {
  type LabelledPlan,
  type LabelledSample,
  type LabelledSampleSource,
  LabelledSource,
  loadLabelledSubject,
  takeLabelledSample,
} from "./labelled_source.ts";
export {
  chooseLayouts,
  type FileMeaning,
  type LaidOutSubject,
  type Layout,
  type LayoutChoice,
  type LayoutEvidence,
  layoutEvidence,
  type LayoutReading,
  LAYOUTS,
  readLayouts,
} from "./layouts/mod.ts";
export {
  type Batch,
  batches,
  type BatchesOptions,
  epochOrder,
  type LoadWatch,
  type OrderOptions,
  type RankOptions,
} from "./loader.ts";
export { canonicalModality, MODALITIES, type Modality, modalityOfFile } from "./modality.ts";
export { type Gunzip, type NiftiDatatype, type NiftiHeader, readNifti, readNiftiHeader } from "./nifti.ts";
export { writeNifti, writeNiftiChannels, type WriteNiftiOptions, type WrittenDatatype } from "./nifti_write.ts";
export * from "./prepared/mod.ts";
export { type PercentileOptions, percentileRange, scaleByPercentiles } from "./normalize.ts";
export { orientationOf, toRas } from "./orient.ts";
export {
  type CohortFolder,
  type CohortResult,
  type EnsureCohortOptions,
  ensurePhantomCohort,
  FIELD_OF_VIEW_MM,
  type FieldStrength,
  generatePhantomSubject,
  type Morphometry,
  type MprageTiming,
  PHANTOM_DATALIST,
  PHANTOM_LESIONS,
  PHANTOM_MANIFEST,
  PHANTOM_VERSION,
  phantomAffine,
  type PhantomCohortOptions,
  type PhantomLesion,
  type PhantomPlan,
  type PhantomSource,
  phantomSpacing,
  type PhantomSubject,
  type PhantomSubjectOptions,
  planPhantomCohort,
  type Protocol,
  SOURCE_MODALITIES,
  STROKE_LABEL,
  type T1Sequence,
  type Tissue,
  TUMOUR_LABELS,
} from "./phantom/mod.ts";
export {
  checkSameGrid,
  DEFAULT_PREPROCESS,
  type PreprocessOptions,
  preprocessSubject,
  type SubjectImage,
} from "./preprocess.ts";
export { type Interpolation, resampleToGrid, resampleToSpacing } from "./resample.ts";
export { centreSample, type CropOptions, type DrawOptions, drawSample, type Sample } from "./sample.ts";
export {
  type LoadOptions,
  loadSubject,
  LocalSource,
  type SamplePlan,
  type SampleRequest,
  type SampleSource,
  takeSample,
} from "./sample_source.ts";
export { keepFraction, type Split, type SplitOptions, splitSubjects } from "./split.ts";
export { SubjectCache, type SubjectCacheOptions } from "./subject_cache.ts";
export {
  type GridCount,
  type ModalitySet,
  type ScanBytes,
  type ScanFacts,
  type Survey,
  surveyScan,
  surveySubjects,
} from "./survey.ts";
export { type DatalistReaders, readGrid, verifyDatalist } from "./verify.ts";
