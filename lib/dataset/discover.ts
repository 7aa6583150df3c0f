/** Subjects found in a folder tree, and an account of every file left out. */
import { DatalistError } from "../errors.ts";
import { mapConcurrently } from "./_concurrency.ts";
import { type ExaminedSubject, examineSubject, type NamedFile, type Skip } from "./_examine.ts";
import type { Grid } from "./_grid.ts";
import { nameSubjects } from "./_subject_id.ts";
import type { Datalist, Subject } from "./datalist.ts";
import { type LaidOutSubject, type Layout, readLayouts } from "./layouts/mod.ts";
import { ACCEPTED_NAMES, modalityOfFile, stemOfFile, tokensOfFile } from "./modality.ts";

/** What a folder tree holds. */
export interface Discovery {
  /** All subjects found, in `training`. */
  readonly datalist: Datalist;
  /** NIfTI files that belong to no subject, each with the reason. */
  readonly skipped: readonly SkippedFile[];
}

/** A file left out. */
export interface SkippedFile {
  /** Path relative to the root. */
  readonly file: string;
  /** Why no subject has it. */
  readonly reason: string;
  /** True when nothing is wrong with it but that its voxels do not lie on those of the subject's other files. */
  readonly otherGrid?: true;
}

/** How files are reached, and what is known of them. */
export interface DiscoverOptions {
  /** Folder that the paths are relative to. */
  readonly root: string;
  /** Grid of the image at a resolved path. Left out: no file is looked at, and all images are taken to fit. */
  readonly readGrid?: (path: string) => Promise<Grid>;
  /** Published folder structures that the tree follows; none: plain folders. */
  readonly layouts?: readonly Layout[];
}

const LABEL_TOKENS = new Set(["seg", "msk", "mask", "label", "labels", "gt", "lesion", "dseg"]);

/**
 * Finds subjects among the NIfTI files of a folder tree.
 *
 * In plain folders, one folder that directly holds images is one subject; where a modality occurs twice in a folder, the
 * folder is taken for a flat collection and cut by the stems of the file names. With `layouts`, subjects are what the
 * layouts say.
 *
 * Since stacking needs one grid, a subject keeps the images on the grid that most of them share (a tie goes to the grid
 * of the modality that comes first in {@link MODALITIES}) and its label if it lies there too; the others are reported in
 * `skipped`.
 *
 * @param paths NIfTI files relative to the root, separated by `/`
 * @returns subjects sorted by path, or by id with a layout; their images in the order of {@link MODALITIES}
 * @throws {DatalistError} when no subject is found
 */
export async function discoverSubjects(paths: readonly string[], options: DiscoverOptions): Promise<Discovery> {
  const { root, layouts = [] } = options;
  const skipped: SkippedFile[] = [];
  const skip: Skip = (file, reason, { otherGrid = false } = {}) => {
    skipped.push({ file, reason, ...(otherGrid ? { otherGrid } : {}) });
  };
  const sorted = [...paths].sort();
  const training = layouts.length === 0
    ? await examinePlain(sorted, { ...options, skip })
    : await examineLaidOut(sorted, { ...options, layouts, skip });
  skipped.sort((a, b) => (a.file < b.file ? -1 : 1));
  if (training.length === 0) throw noSubjects(paths, { ...options, skipped });
  return { datalist: { root, training, validation: [] }, skipped };
}

type ExamineOptions = DiscoverOptions & { readonly skip: Skip };

/** Subjects of plain folders, named after their files. */
async function examinePlain(paths: readonly string[], options: ExamineOptions): Promise<Subject[]> {
  const groups = groupBySubject(paths, options.skip).map((files) => files.map(nameFile));
  const found = await mapConcurrently(groups, (files) => examineSubject(files, options));
  const usable = found.filter(({ images }) => images.length > 0);
  const ids = nameSubjects(usable.map(({ images }) => images.map(({ file }) => file)), `folder ${options.root}`);
  return usable.map((subject, i) => ({ id: ids[i], ...subject }));
}

function nameFile(file: string): NamedFile {
  return { file, modality: modalityOfFile(file) };
}

/** Subjects of published structures, named by these. */
async function examineLaidOut(
  paths: readonly string[],
  options: ExamineOptions & { readonly layouts: readonly Layout[] },
): Promise<Subject[]> {
  const { subjects, leftOut } = readLayouts(options.layouts, paths);
  for (const { file, reason } of leftOut) options.skip(file, reason);
  const found = await mapConcurrently(subjects, (subject) => examineSubject(filesOf(subject), options));
  return subjects.map(({ id, group }, i): ExaminedSubject & Subject => {
    return { id, ...(group === undefined ? {} : { group }), ...found[i] };
  }).filter(({ images }) => images.length > 0);
}

function filesOf({ images, label }: LaidOutSubject): NamedFile[] {
  return label === undefined ? [...images] : [...images, { file: label, modality: undefined }];
}

function noSubjects(
  paths: readonly string[],
  { root, layouts = [], skipped }: DiscoverOptions & { readonly skipped: readonly SkippedFile[] },
): DatalistError {
  const expected = layouts.length === 0
    ? `NIfTI files whose names end in a modality (${ACCEPTED_NAMES})`
    : `images of ${layouts.map(({ title, example }) => `${title} (such as ${example})`).join(" or ")}`;
  const example = skipped.length > 0 ? `, e.g. ${skipped[0].file}: ${skipped[0].reason}` : "";
  return new DatalistError(
    `Cannot find subjects under "${root}": expected ${expected}, got none among ${paths.length} files${example}`,
  );
}

/** Images and labels by folder, or by folder and stem where a folder holds several subjects. */
function groupBySubject(paths: readonly string[], skip: Skip): string[][] {
  const isImage = (file: string): boolean => modalityOfFile(file) !== undefined;
  const known = paths.filter((file) => {
    if (isImage(file) || isLabel(file)) return true;
    skip(file, "its name ends in no known modality");
    return false;
  });
  const folders = Map.groupBy(known, (file) => file.slice(0, file.lastIndexOf("/") + 1));
  return [...folders.values()].flatMap((files) => {
    const images = files.filter(isImage);
    const isFlat = new Set(images.map(modalityOfFile)).size < images.length;
    if (!isFlat) return [files];
    const stems = new Set(images.map(stemOfFile));
    const subjects = Map.groupBy(files, (file) => isImage(file) ? stemOfFile(file) : labelledStem(file, stems));
    return [...subjects.values()];
  });
}

/** True for `_seg`, `_msk`, `_consensus_gt` … but not for a brain mask. */
function isLabel(file: string): boolean {
  const tokens = tokensOfFile(file);
  return tokens.some((token, i) => LABEL_TOKENS.has(token) && tokens[i - 1] !== "brain");
}

/** The longest image stem that a label's name starts with. */
function labelledStem(file: string, stems: ReadonlySet<string>): string {
  const name = file.slice(file.lastIndexOf("/") + 1);
  for (let length = name.length; length > 0; length--) {
    if (stems.has(name.slice(0, length))) return name.slice(0, length);
  }
  return "";
}
