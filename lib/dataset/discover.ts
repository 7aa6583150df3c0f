/** Subjects found in a plain folder tree, and an account of every file left out. */
import { DatalistError, messageOf } from "../errors.ts";
import { mapConcurrently } from "./_concurrency.ts";
import { type Grid, gridConflict, type GriddedFile, labelFits } from "./_grid.ts";
import { nameSubjects } from "./_subject_id.ts";
import { type Datalist, type ListedImage, resolveFile } from "./datalist.ts";
import { ACCEPTED_NAMES, MODALITIES, type Modality, modalityOfFile, stemOfFile, tokensOfFile } from "./modality.ts";

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
}

/** How files are reached. */
export interface DiscoverOptions {
  /** Folder that the paths are relative to. */
  readonly root: string;
  /** Grid of the image at a resolved path. */
  readonly readGrid: (path: string) => Promise<Grid>;
}

/** A file of one subject before it is known whether it can be used. */
interface Candidate extends GriddedFile {
  /** Undefined for a label. */
  readonly modality: Modality | undefined;
}

/** A subject in the making: either part may be empty. */
interface Found {
  readonly images: readonly ListedImage[];
  readonly label?: string;
}

const LABEL_TOKENS = new Set(["seg", "msk", "mask", "label", "labels", "gt", "lesion", "dseg"]);

/**
 * Finds subjects among the NIfTI files of a folder tree.
 *
 * One folder that directly holds images is one subject; where a modality occurs twice in a folder, the folder is taken
 * for a flat collection and cut by the stems of the file names. Since stacking needs one grid, a subject keeps the
 * images on the grid that most of them share (a tie goes to the grid of the modality that comes first in
 * {@link MODALITIES}) and its label if it lies there too; the others are reported in `skipped`.
 *
 * @param paths NIfTI files relative to the root, separated by `/`
 * @returns subjects sorted by path, their images in the order of {@link MODALITIES}
 * @throws {DatalistError} when no subject is found
 */
export async function discoverSubjects(paths: readonly string[], options: DiscoverOptions): Promise<Discovery> {
  const skipped: SkippedFile[] = [];
  const skip = (file: string, reason: string): void => {
    skipped.push({ file, reason });
  };
  const groups = groupBySubject([...paths].sort(), skip);
  const found = await mapConcurrently(groups, (group) => examineSubject(group, { ...options, skip }));
  const usable = found.filter(({ images }) => images.length > 0);
  if (usable.length === 0) {
    const example = skipped.length > 0 ? `, e.g. ${skipped[0].file}: ${skipped[0].reason}` : "";
    throw new DatalistError(
      `Cannot find subjects under "${options.root}": expected NIfTI files whose names end in a modality ` +
        `(${ACCEPTED_NAMES}), got none among ${paths.length} files${example}`,
    );
  }
  const ids = nameSubjects(usable.map(({ images }) => images.map(({ file }) => file)), `folder ${options.root}`);
  const training = usable.map((subject, i) => ({ id: ids[i], ...subject }));
  skipped.sort((a, b) => (a.file < b.file ? -1 : 1));
  return { datalist: { root: options.root, training, validation: [] }, skipped };
}

type Skip = (file: string, reason: string) => void;

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
  const fitting = [...stems].filter((stem) => name.startsWith(stem));
  return fitting.reduce((best, stem) => (stem.length > best.length ? stem : best), "");
}

/** Decides which files of a group form the subject. */
async function examineSubject(files: readonly string[], options: DiscoverOptions & { skip: Skip }): Promise<Found> {
  const { skip } = options;
  const readable = await readCandidates(files, options);
  const [images, labels] = [true, false].map((wanted) => readable.filter(({ modality }) => !!modality === wanted));

  const firstOf = new Map(images.toReversed().map((image) => [image.modality, image]));
  const once = keep(images, { skip, objection: (image) => repeated(image, firstOf.get(image.modality)) });
  once.sort((a, b) => MODALITIES.indexOf(a.modality!) - MODALITIES.indexOf(b.modality!));

  const reference = commonGrid(once);
  const chosen = keep(once, { skip, objection: (image) => gridConflict([reference!, image])?.message });
  const fitting = keep(labels, { skip, objection: (label) => misfit(label, reference) });
  const [label] = keep(fitting, { skip, objection: (other) => repeated(other, fitting[0]) });
  return {
    images: chosen.map(({ file, modality }) => ({ modality: modality!, file })),
    ...(label === undefined ? {} : { label: label.file }),
  };
}

/** The files without an objection; the others are skipped with it as the reason. */
function keep(
  items: readonly Candidate[],
  options: { skip: Skip; objection: (item: Candidate) => string | undefined },
): Candidate[] {
  return items.filter((item) => {
    const reason = options.objection(item);
    if (reason !== undefined) options.skip(item.file, reason);
    return reason === undefined;
  });
}

function repeated(item: Candidate, first: Candidate | undefined): string | undefined {
  if (first === undefined || first === item) return undefined;
  return `the subject already has ${item.modality ?? "a label"} from ${first.file}`;
}

/** Why a label does not belong to the image. */
function misfit(label: Candidate, image: Candidate | undefined): string | undefined {
  if (image === undefined) return "it is a label without an image beside it";
  return labelFits(label, image) ? undefined : `its voxels do not lie on those of ${image.file}`;
}

/** The first image on the grid that most images share. */
function commonGrid(images: readonly Candidate[]): Candidate | undefined {
  const sharers = images.map((image) => images.filter((other) => gridConflict([image, other]) === undefined).length);
  return images[sharers.indexOf(Math.max(...sharers))];
}

/** The files whose header can be read. */
async function readCandidates(
  files: readonly string[],
  { root, readGrid, skip }: DiscoverOptions & { skip: Skip },
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const file of files) {
    try {
      candidates.push({ file, modality: modalityOfFile(file), ...await readGrid(resolveFile(root, file)) });
    } catch (error) {
      skip(file, messageOf(error));
    }
  }
  return candidates;
}
