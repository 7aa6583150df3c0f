/** Which files of a subject can be used together. */
import { messageOf } from "../errors.ts";
import { type Grid, gridConflict, labelFits } from "./_grid.ts";
import { type ListedImage, resolveFile } from "./datalist.ts";
import { MODALITIES, type Modality } from "./modality.ts";

/** A file of a subject. */
export interface NamedFile {
  /** Path relative to the root. */
  readonly file: string;
  /** Undefined for a label. */
  readonly modality: Modality | undefined;
}

/** What is left of a subject: either part may be empty. */
export interface ExaminedSubject {
  /** One per modality, in the order of {@link MODALITIES}. */
  readonly images: readonly ListedImage[];
  /** The segmentation. */
  readonly label?: string;
}

/** Takes a file that is left out. */
export type Skip = (file: string, reason: string, options?: { otherGrid?: true }) => void;

/** How files are reached; without `readGrid` none is looked at. */
export interface ExamineOptions {
  readonly root: string;
  readonly readGrid?: (path: string) => Promise<Grid>;
  readonly skip: Skip;
}

/** A file, and its grid where that was read. */
interface Candidate extends NamedFile {
  readonly grid: Grid | undefined;
}

/** Decides which files form the subject: readable ones, one per modality, on the grid that most images share. */
export async function examineSubject(files: readonly NamedFile[], options: ExamineOptions): Promise<ExaminedSubject> {
  const { skip } = options;
  const readable = await readCandidates(files, options);
  const [images, labels] = [true, false].map((wanted) => readable.filter(({ modality }) => !!modality === wanted));

  const firstOf = new Map(images.toReversed().map((image) => [image.modality, image]));
  const once = keep(images, { skip, objection: (image) => repeated(image, firstOf.get(image.modality)) });
  once.sort((a, b) => MODALITIES.indexOf(a.modality!) - MODALITIES.indexOf(b.modality!));

  const reference = commonGrid(once);
  const chosen = keep(once, { skip, objection: (image) => conflict(reference!, image), otherGrid: true });
  const beside = keep(labels, { skip, objection: () => lonely(reference) });
  const fitting = keep(beside, { skip, objection: (label) => misfit(label, reference!), otherGrid: true });
  const [label] = keep(fitting, { skip, objection: (other) => repeated(other, fitting[0]) });
  return {
    images: chosen.map(({ file, modality }) => ({ modality: modality!, file })),
    ...(label === undefined ? {} : { label: label.file }),
  };
}

/** The files without an objection; the others are skipped with it as the reason. */
function keep(
  items: readonly Candidate[],
  { skip, objection, otherGrid }: {
    skip: Skip;
    objection: (item: Candidate) => string | undefined;
    otherGrid?: true;
  },
): Candidate[] {
  return items.filter((item) => {
    const reason = objection(item);
    if (reason !== undefined) skip(item.file, reason, { otherGrid });
    return reason === undefined;
  });
}

function repeated(item: Candidate, first: Candidate | undefined): string | undefined {
  if (first === undefined || first === item) return undefined;
  return `the subject already has ${item.modality ?? "a label"} from ${first.file}`;
}

function lonely(image: Candidate | undefined): string | undefined {
  return image === undefined ? "it is a label without an image beside it" : undefined;
}

/** Why a label does not belong to the image. */
function misfit(label: Candidate, image: Candidate): string | undefined {
  if (label.grid === undefined || image.grid === undefined) return undefined;
  return labelFits(label.grid, image.grid) ? undefined : `its voxels do not lie on those of ${image.file}`;
}

/** Why two images cannot be stacked. */
function conflict(a: Candidate, b: Candidate): string | undefined {
  if (a.grid === undefined || b.grid === undefined) return undefined;
  return gridConflict([{ file: a.file, ...a.grid }, { file: b.file, ...b.grid }])?.message;
}

/** The first image on the grid that most images share. */
function commonGrid(images: readonly Candidate[]): Candidate | undefined {
  const sharers = images.map((image) => images.filter((other) => conflict(image, other) === undefined).length);
  return images[sharers.indexOf(Math.max(...sharers))];
}

/** The files whose header can be read. */
async function readCandidates(
  files: readonly NamedFile[],
  { root, readGrid, skip }: ExamineOptions,
): Promise<Candidate[]> {
  if (readGrid === undefined) return files.map((file) => ({ ...file, grid: undefined }));
  const candidates: Candidate[] = [];
  for (const named of files) {
    try {
      candidates.push({ ...named, grid: await readGrid(resolveFile(root, named.file)) });
    } catch (error) {
      skip(named.file, messageOf(error));
    }
  }
  return candidates;
}
