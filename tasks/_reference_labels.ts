/** Which reference label belongs to which predicted subject. */
import { discoverSubjects, type Grid, labelFits, readGrid, resolveFile } from "../lib/dataset/mod.ts";
import { spacingOf } from "../lib/geometry.ts";
import { messageOf } from "../lib/errors.ts";
import { exists, listNiftiFiles, readFilePrefix } from "../lib/host/mod.ts";
import { nameOfFile, type PredictedSubject, type Predictions } from "./_predictions.ts";

/** Where the references are; neither: where `predictions.json` says. */
export interface ReferencePlace {
  /** Folder of scans with their labels, one subject per folder. */
  readonly data?: string;
  /** Folder of labels, named after the subjects or in folders named after them. */
  readonly labels?: string;
}

/** A predicted label map and its reference, both by path, on one grid. */
export interface LabelledCase {
  readonly subject: string;
  readonly prediction: string;
  readonly reference: string;
}

/** Names that a label has besides its subject's. */
const LABEL_NAME = /(^|[_.-])(seg|msk|mask|label|labels|gt|lesion|dseg)$/i;

/** Finds a subject's reference, or says why there is none. */
type Finder = (subject: PredictedSubject) => Promise<string> | string;

/**
 * Finds the reference of every predicted subject, and checks that it lies on the prediction's grid.
 *
 * @throws {Error} with one line per subject without a usable reference
 */
export async function pairWithReferences(
  { folder, subjects }: Predictions,
  place: ReferencePlace,
): Promise<LabelledCase[]> {
  const find = await chooseFinder(folder, place);
  const cases: LabelledCase[] = [];
  const problems: string[] = [];
  for (const subject of subjects) {
    const prediction = resolveFile(folder, subject.file);
    try {
      const reference = await find(subject);
      await checkGrids(prediction, reference);
      cases.push({ subject: subject.subject, prediction, reference });
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return cases;
}

async function chooseFinder(folder: string, { data, labels }: ReferencePlace): Promise<Finder> {
  if (labels !== undefined) {
    const files = await listNiftiFiles(labels);
    return ({ subject }) => `${labels}/${findLabel(subject, { files, folder: labels })}`;
  }
  if (data !== undefined) return await findInData(data);
  return async ({ subject, label }) => {
    if (label === undefined) {
      throw missing(subject, `${folder}/predictions.json to name one (or --data or --labels)`, "none");
    }
    const paths = [label, resolveFile(folder, label)];
    for (const path of paths) if (await exists(path)) return path;
    throw missing(subject, label, "no such file");
  };
}

/** Labels by the names of the subjects that a folder of scans holds. */
async function findInData(data: string): Promise<Finder> {
  const { datalist, skipped } = await discoverSubjects(await listNiftiFiles(data), { root: data, readGrid: gridOf });
  const labelOf = new Map(datalist.training.map(({ id, label }) => [id, label]));
  return async ({ subject, label: listed }) => {
    // What the prediction was told is surer than what names suggest.
    if (listed !== undefined && await exists(resolveFile(data, listed))) return resolveFile(data, listed);
    const label = labelOf.get(subject);
    if (label !== undefined) return resolveFile(data, label);
    if (!labelOf.has(subject)) throw missing(subject, data, "no subject of this name");
    const reason = skipped.find(({ file }) => file.split("/").includes(subject) && LABEL_NAME.test(nameOfFile(file)));
    throw missing(subject, data, reason === undefined ? "none" : `${reason.file}: ${reason.reason}`);
  };
}

/**
 * The file with the subject's name; else with the name and a label's, such as `_seg`; else in a folder of that name the
 * only one, or the only one with a label's name.
 */
function findLabel(subject: string, { files, folder }: { files: readonly string[]; folder: string }): string {
  const own = files.filter((file) => nameOfFile(file) === subject);
  const named = files.filter((file) => {
    const name = nameOfFile(file);
    return name.startsWith(subject) && LABEL_NAME.test(name) &&
      name.slice(subject.length).replace(LABEL_NAME, "") === "";
  });
  const inFolder = files.filter((file) => file.split("/").slice(0, -1).includes(subject));
  const labelsInFolder = inFolder.filter((file) => LABEL_NAME.test(nameOfFile(file)));
  const groups = [own, named, labelsInFolder, inFolder];
  const found = groups.find((group) => group.length > 0) ?? [];
  if (found.length === 1) return found[0];
  const got = found.length === 0 ? "none" : found.join(", ");
  throw missing(subject, folder, got);
}

function missing(subject: string, place: string, got: string): Error {
  return new Error(`Cannot evaluate subject "${subject}": expected one reference label under ${place}, got ${got}`);
}

async function checkGrids(prediction: string, reference: string): Promise<void> {
  const [predicted, expected] = [await gridOf(prediction), await gridOf(reference)];
  if (labelFits(predicted, expected)) return;
  const [got, wanted] = [predicted, expected].map(describeGrid);
  const difference = got === wanted ? `affines ${[expected, predicted].map(formatAffine).join(", got ")}` : "";
  throw new Error(
    `Cannot compare ${prediction} with ${reference}: expected one grid, ` +
      (difference === "" ? `${wanted} in the label, got ${got}` : difference),
  );
}

function gridOf(path: string): Promise<Grid> {
  return readGrid(path, readFilePrefix);
}

/** `240 × 240 × 155 voxels of 1 × 1 × 1 mm`. */
function describeGrid({ size, affine }: Grid): string {
  const spacing = spacingOf(affine).map((step) => Number(step.toFixed(3)));
  return `${size.join(" × ")} voxels of ${spacing.join(" × ")} mm`;
}

function formatAffine({ affine }: Grid): string {
  const rows = affine.slice(0, 3).map((row) => row.map((value) => Number(value.toFixed(3))).join(" "));
  return `[${rows.join("; ")}]`;
}
