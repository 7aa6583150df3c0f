/** What a published folder structure is to us, and the one reader of all of them. */
import { MODALITIES, type Modality } from "../modality.ts";
import type { ListedImage, Subject } from "../datalist.ts";
import type { SkippedFile } from "../discover.ts";

/** What a file is: an image of a modality, the subject's label, or a file to leave out, with the reason. */
export type FileMeaning = Modality | "label" | { readonly leftOut: string };

/**
 * The naming scheme of a data set, as patterns over paths relative to some folder at or above its root.
 *
 * Patterns see a path without `.nii` or `.nii.gz`.
 */
export interface Layout {
  /** What `--layout` calls it. */
  readonly name: string;
  /** The data set's own name. */
  readonly title: string;
  /** One path of it, for messages. */
  readonly example: string;
  /**
   * Fits every file of a subject. Named groups: `id` names the subject; `person` and `session` are given where a person
   * may have been scanned more than once; `set` is the folder of one data set, where ids are unique only inside it.
   */
  readonly place: RegExp;
  /** What files are: the first pattern that fits counts. Of two files for one modality, the earlier pattern's is taken. */
  readonly kinds: readonly (readonly [pattern: RegExp, meaning: FileMeaning])[];
  /** A path that has to occur before this layout is recognised, where `place` alone says too little. */
  readonly evidence?: RegExp;
  /** A common scheme, considered only for files that no layout of a single data set takes. */
  readonly general?: boolean;
}

/** A subject as its layout tells it. */
export interface LaidOutSubject extends Subject {
  /** One of several visits of a person, where the layout knows visits. */
  readonly session?: string;
}

/** What a layout makes of a list of paths. */
export interface LayoutReading {
  /** By layout, then by id; each with at least one image, images in the order of {@link MODALITIES}. */
  readonly subjects: readonly LaidOutSubject[];
  /** All other paths, sorted, each with the reason. */
  readonly leftOut: readonly SkippedFile[];
}

/** A file of a subject, and how much it is wanted: lower first. */
interface RankedFile {
  readonly file: string;
  readonly meaning: Modality | "label";
  readonly rank: number;
}

/** A subject in the making. */
interface Draft {
  readonly set: string;
  readonly id: string;
  readonly person: string | undefined;
  readonly session: string | undefined;
  readonly files: RankedFile[];
}

type LeaveOut = (file: string, reason: string) => void;

/**
 * Finds the subjects among paths that follow layouts. Looks at no file.
 *
 * A path that fits several layouts belongs to the first of them.
 *
 * @param paths NIfTI files relative to one folder, separated by `/`
 */
export function readLayouts(layouts: readonly Layout[], paths: readonly string[]): LayoutReading {
  const leftOut: SkippedFile[] = [];
  const leaveOut: LeaveOut = (file, reason) => {
    leftOut.push({ file, reason });
  };
  const pathsOf = Map.groupBy(paths, (path) => layouts.find(({ place }) => place.test(withoutExtension(path))));
  const forms = layouts.map(({ title, example }) => `${title} (${example})`).join(" or ");
  for (const file of pathsOf.get(undefined) ?? []) leaveOut(file, `its path does not have the form of ${forms}`);
  const subjects = layouts.flatMap((layout) => readOne(layout, { paths: pathsOf.get(layout) ?? [], leaveOut }));
  leftOut.sort((a, b) => (a.file < b.file ? -1 : 1));
  return { subjects, leftOut };
}

/** What a file is to a layout, and the index of the pattern that says so; undefined where it is no file of it. */
export function meaningOf(layout: Layout, file: string): { meaning: FileMeaning; rank: number } | undefined {
  const path = withoutExtension(file);
  if (!layout.place.test(path)) return undefined;
  const rank = layout.kinds.findIndex(([pattern]) => pattern.test(path));
  if (rank >= 0) return { meaning: layout.kinds[rank][1], rank };
  return { meaning: { leftOut: `${layout.title} has it, but it is none of the eight modalities and no label` }, rank };
}

function withoutExtension(file: string): string {
  return file.replace(/\.nii(\.gz)?$/i, "");
}

/** The subjects of paths that all fit the layout's `place`. */
function readOne(
  layout: Layout,
  { paths, leaveOut }: { paths: readonly string[]; leaveOut: LeaveOut },
): LaidOutSubject[] {
  const drafts = new Map<string, Draft>();
  for (const file of paths) {
    const { meaning, rank } = meaningOf(layout, file)!;
    if (typeof meaning === "object") {
      leaveOut(file, meaning.leftOut);
      continue;
    }
    const { id, person, session, set = "" } = layout.place.exec(withoutExtension(file))!.groups!;
    const key = `${set}\n${id}`;
    const draft = drafts.get(key) ?? { set, id, person, session, files: [] };
    drafts.set(key, draft);
    draft.files.push({ file, meaning, rank });
  }
  const isOneSet = new Set([...drafts.values()].map(({ set }) => set)).size < 2;
  const subjects = [...drafts.values()].map((draft) => {
    return finishSubject(draft, { prefix: isOneSet ? "" : draft.set, leaveOut });
  }).filter((subject) => subject !== undefined);
  return subjects.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** One file per modality, the most wanted first; undefined where there is no image. */
function finishSubject(
  { id, person, session, files }: Draft,
  { prefix, leaveOut }: { prefix: string; leaveOut: LeaveOut },
): LaidOutSubject | undefined {
  const fileOf = new Map<Modality | "label", string>();
  for (const { file, meaning } of files.sort(byPreference)) {
    const other = fileOf.get(meaning);
    if (other === undefined) fileOf.set(meaning, file);
    else leaveOut(file, `the subject already has ${meaning === "label" ? "a label" : meaning} from ${other}`);
  }
  const images = MODALITIES.flatMap((modality): ListedImage[] => {
    const file = fileOf.get(modality);
    return file === undefined ? [] : [{ modality, file }];
  });
  const label = fileOf.get("label");
  if (images.length === 0) {
    leaveOut(label!, "it is a label without an image beside it");
    return undefined;
  }
  return {
    id: prefix + id,
    images,
    ...(label === undefined ? {} : { label }),
    ...(person === undefined ? {} : { group: prefix + person }),
    ...(session === undefined ? {} : { session }),
  };
}

/** By pattern; then plain names before those with additions, `run-2` before `run-10`; then by name. */
function byPreference(a: RankedFile, b: RankedFile): number {
  return a.rank - b.rank || a.file.length - b.file.length || (a.file < b.file ? -1 : 1);
}
