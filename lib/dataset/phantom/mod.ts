/**
 * Procedural brain MRI: a cohort of phantoms that stands in for real scans.
 *
 * @module
 */
export {
  type CohortFolder,
  type CohortResult,
  type EnsureCohortOptions,
  ensurePhantomCohort,
  PHANTOM_DATALIST,
  PHANTOM_MANIFEST,
  PHANTOM_VERSION,
} from "./cohort.ts";
export { FIELD_OF_VIEW_MM, phantomAffine, phantomSpacing } from "./grid.ts";
export { PHANTOM_LESIONS, type PhantomLesion, STROKE_LABEL, TUMOUR_LABELS } from "./lesion.ts";
export type { Morphometry } from "./morphometry.ts";
export {
  type PhantomCohortOptions,
  type PhantomPlan,
  type PhantomSource,
  planPhantomCohort,
  SOURCE_MODALITIES,
} from "./plan.ts";
export type { Protocol } from "./protocol.ts";
export type { MprageTiming } from "./signal.ts";
export { generatePhantomSubject, type PhantomSubject, type PhantomSubjectOptions } from "./subject.ts";
export type { T1Sequence } from "./t1_sequence.ts";
export type { FieldStrength, Tissue } from "./tissues.ts";
