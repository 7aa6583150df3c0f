/** What a run leaves behind for people: templates as NIfTI and PNG, and the report. */
import { flattenConfig } from "../lib/config.ts";
import { writeNifti } from "../lib/dataset/mod.ts";
import { type Affine, spacingOf, type Triple } from "../lib/geometry.ts";
import { formatDuration, type RunFolder } from "../lib/host/mod.ts";
import { formatPairTable, montagePng, renderReport } from "../lib/report/mod.ts";
import type { RunReport, TemplateImage } from "../lib/results.ts";
import type { Templates } from "../lib/templates/mod.ts";
import type { BackendInfo } from "../lib/tensor/mod.ts";
import type { Validation } from "../lib/trainer/mod.ts";
import type { ResolvedRecipe } from "../recipes/mod.ts";
import { gridOf, type RunData } from "./_run_data.ts";

/** A finished run. */
export interface FinishedRun {
  readonly recipe: string;
  readonly options: ResolvedRecipe;
  readonly data: RunData;
  readonly backend: BackendInfo;
  /** Wall-clock time of this session. */
  readonly seconds: number;
  readonly templates: Templates;
  /** The last validation, with pictures; null when this session only resumed a finished run. */
  readonly validation: Validation | null;
}

/** Writes `templates/MODALITY.nii.gz`, `templates.png` and `report.html`, and prints the table of scores. */
export async function writeResults(folder: RunFolder, run: FinishedRun): Promise<void> {
  const used = new Set(run.data.training.flatMap(({ images }) => images.map(({ modality }) => modality as string)));
  const templates = (await run.templates.normalised()).filter(({ modality }) => used.has(modality));
  const spacing = await templateSpacing(run);
  for (const { modality, size, data } of templates) {
    const volume = { data, size, affine: centredAffine(size, spacing) };
    await folder.write(
      `templates/${modality}.nii.gz`,
      await writeNifti(volume, { description: `template ${modality}` }),
    );
  }
  await folder.write("templates.png", montagePng(templates, { scale: 3 }));
  await folder.write("report.html", renderReport(await describeReport(folder, { run, templates })));
  if (run.validation) console.log(`\n${formatPairTable(run.validation.pairs)}`);
}

async function describeReport(
  folder: RunFolder,
  { run, templates }: { run: FinishedRun; templates: TemplateImage[] },
): Promise<RunReport> {
  const { recipe, options, data, backend, seconds, validation } = run;
  const modalities = (subjects: RunData["training"]): string => {
    const counts = new Map<string, number>();
    for (const { images } of subjects) {
      for (const { modality } of images) counts.set(modality, (counts.get(modality) ?? 0) + 1);
    }
    return [...counts].map(([modality, count]) => `${modality} ${count}`).join(", ");
  };
  return {
    title: `Pre-training: ${recipe}`,
    config: flattenConfig(options),
    environment: {
      backend: backend.description,
      deno: Deno.version.deno,
      system: `${Deno.build.os} ${Deno.build.arch}, ${navigator.hardwareConcurrency} processors`,
      "time of the last session": formatDuration(seconds),
    },
    data: {
      origin: data.origin,
      "training subjects": `${data.training.length} (${modalities(data.training)})`,
      "held-out subjects": `${data.validation.length} (${modalities(data.validation)})`,
    },
    records: await folder.readRecords(),
    templates,
    examples: validation?.examples ?? [],
  };
}

/** Voxel size of the templates: that of the recipe, or of the first scan where scans keep theirs. */
async function templateSpacing({ options, data }: FinishedRun): Promise<Triple> {
  if (options.preprocess.spacingMm) return options.preprocess.spacingMm;
  return spacingOf((await gridOf(`${data.root}/${data.training[0].images[0].file}`)).affine);
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
