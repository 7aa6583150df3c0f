/** Templates as NIfTI files, in one place for the end of a run and for an export. */
import { writeNifti } from "../lib/dataset/mod.ts";
import { type Affine, spacingOf, type Triple } from "../lib/geometry.ts";
import { exists, PreparedFolder } from "../lib/host/mod.ts";
import type { TemplateImage } from "../lib/results.ts";
import type { Templates } from "../lib/templates/mod.ts";
import { trainsTemplates } from "../lib/trainer/mod.ts";
import type { ResolvedRecipe } from "../recipes/mod.ts";
import { gridOf, type RunData } from "./_run_data.ts";

/** What of a run says which templates it trains. */
interface TrainedRun {
  readonly options: ResolvedRecipe;
  readonly data: RunData;
}

/** A template's file. */
export interface TemplateFile {
  /** `templates/MODALITY.nii.gz`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The normalised templates that were trained; see {@linkcode onlyTrained}. */
export async function usedTemplates(templates: Templates, run: TrainedRun): Promise<TemplateImage[]> {
  return onlyTrained(await templates.normalised(), run);
}

/** Of all templates, those of the modalities that training subjects have; none without MD and CL. */
export function onlyTrained(
  templates: readonly TemplateImage[],
  { options: { method }, data: { training } }: TrainedRun,
): TemplateImage[] {
  if (!trainsTemplates(method)) return [];
  const used = new Set(training.flatMap(({ images }) => images.map(({ modality }) => modality as string)));
  return templates.filter(({ modality }) => used.has(modality));
}

/** Encodes templates, one after another. */
export async function* templateFiles(
  templates: readonly TemplateImage[],
  spacingMm: Triple,
): AsyncGenerator<TemplateFile> {
  for (const { modality, size, data } of templates) {
    const volume = { data, size, affine: centredAffine(size, spacingMm) };
    const bytes = await writeNifti(volume, { description: `template ${modality}` });
    yield { name: templateFileName(modality), bytes };
  }
}

/**
 * Encodes templates for looking at how they came about: `templates/epoch-N/MODALITY.nii.gz`, 0…255 for 0…1, a quarter of
 * the size of those that are worked with.
 */
export async function* snapshotFiles(
  templates: readonly TemplateImage[],
  { epochs, spacingMm }: { epochs: number; spacingMm: Triple },
): AsyncGenerator<TemplateFile> {
  for (const { modality, size, data } of templates) {
    const volume = { data: data.map((value) => Math.round(255 * value)), size, affine: centredAffine(size, spacingMm) };
    const description = `template ${modality} after ${epochs} epochs, times 255`;
    const bytes = await writeNifti(volume, { datatype: "uint8", description });
    yield { name: `templates/epoch-${String(epochs).padStart(5, "0")}/${modality}.nii.gz`, bytes };
  }
}

/**
 * Voxel size of the templates: that of the recipe; where scans keep theirs, that of a template which the run has written,
 * or of its first scan.
 */
export async function templateSpacing(
  run: string,
  { options, data }: { options: ResolvedRecipe; data: RunData },
): Promise<Triple> {
  if (options.preprocess.spacingMm) return options.preprocess.spacingMm;
  const [{ id, images: [{ modality, file }] }] = data.training;
  const written = `${run}/${templateFileName(modality)}`;
  if (await exists(written)) return spacingOf((await gridOf(written)).affine);
  if (data.prepared !== undefined) return spacingOf(await new PreparedFolder(data.root).affineOf(id));
  return spacingOf((await gridOf(`${data.root}/${file}`)).affine);
}

function templateFileName(modality: string): string {
  return `templates/${modality}.nii.gz`;
}

/** RAS+ axes, world origin at the centre of the grid: subjects are laid on each other by their centres. */
function centredAffine(size: Triple, [sx, sy, sz]: Triple): Affine {
  return [
    [sx, 0, 0, -sx * (size[0] - 1) / 2],
    [0, sy, 0, -sy * (size[1] - 1) / 2],
    [0, 0, sz, -sz * (size[2] - 1) / 2],
    [0, 0, 0, 1],
  ];
}
