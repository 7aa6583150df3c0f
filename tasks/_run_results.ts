/** What a run leaves behind for people: templates as NIfTI and PNG, and the report. */
import { flattenConfig } from "../lib/config.ts";
import { formatDuration, type RunFolder } from "../lib/host/mod.ts";
import { formatPairTable, montagePng, renderReport } from "../lib/report/mod.ts";
import type { RunReport, TemplateImage } from "../lib/results.ts";
import type { Templates } from "../lib/templates/mod.ts";
import type { BackendInfo } from "../lib/tensor/mod.ts";
import type { Validation } from "../lib/trainer/mod.ts";
import type { ResolvedRecipe } from "../recipes/mod.ts";
import { countModalities, type RunData } from "./_run_data.ts";
import { describeEnvironment } from "./_run_description.ts";
import { templateFiles, templateSpacing, usedTemplates } from "./_template_files.ts";

/** A finished run. */
export interface FinishedRun {
  readonly recipe: string;
  readonly options: ResolvedRecipe;
  readonly data: RunData;
  readonly backend: BackendInfo;
  /** Wall-clock time of this session. */
  readonly seconds: number;
  /** How long this session waited for data, in words. */
  readonly wait: string;
  readonly templates: Templates;
  /** The last validation, with pictures; null when this session only resumed a finished run. */
  readonly validation: Validation | null;
}

/** Writes `templates/MODALITY.nii.gz` and `templates.png` where there are templates, and `report.html`, and prints the table of scores. */
export async function writeResults(folder: RunFolder, run: FinishedRun): Promise<void> {
  const templates = await usedTemplates(run.templates, run);
  for await (const { name, bytes } of templateFiles(templates, await templateSpacing(folder.path, run))) {
    await folder.write(name, bytes);
  }
  if (templates.length > 0) await folder.write("templates.png", montagePng(templates, { scale: 3 }));
  await folder.write("report.html", renderReport(await describeReport(folder, { run, templates })));
  if (run.validation) console.log(`\n${formatPairTable(run.validation.pairs)}`);
}

async function describeReport(
  folder: RunFolder,
  { run, templates }: { run: FinishedRun; templates: TemplateImage[] },
): Promise<RunReport> {
  const { recipe, options, data, backend, seconds, wait, validation } = run;
  const modalities = (subjects: RunData["training"]): string =>
    [...countModalities(subjects)].map(([modality, count]) => `${modality} ${count}`).join(", ");
  return {
    title: `Pre-training: ${recipe}`,
    config: flattenConfig(options),
    environment: {
      ...describeEnvironment(backend),
      "time of the last session": formatDuration(seconds),
      "waited for data": wait,
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
