/**
 * Prepared subjects: the deterministic part of preprocessing done once, kept as Zarr v3, read crop by crop.
 *
 * @module
 */
export {
  encodeSubject,
  type GroupFile,
  type PendingAttributes,
  type PreparedStack,
  type SourceFile,
  type SubjectAttributes,
  subjectMetadata,
} from "./encode.ts";
export type { Compress } from "./_shard.ts";
export {
  checkParameters,
  differencesBetween,
  formatPrepared,
  makeManifest,
  makePlan,
  MANIFEST_FILE,
  parseManifest,
  parsePlan,
  PLAN_FILE,
  plannedSubjects,
  preparedDatalist,
  type PreparedManifest,
  type PrepareParameters,
  type PreparePlan,
  subjectFolder,
} from "./manifest.ts";
export { type OpenPreparedStore, PreparedLabelledSource, PreparedSource } from "./source.ts";
export { STORAGE_TYPES, type StorageType } from "./storage.ts";
export {
  type ByteRange,
  parseSubjectMetadata,
  type PreparedStore,
  PreparedSubject,
  type Region,
  useZstd,
} from "./subject.ts";
