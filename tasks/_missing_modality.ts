/** The study behind `deno task missing-modality`: what a fine-tuned network makes of fewer sequences than it learned from. */
import { z } from "zod";
import type { Subject, TemplateVolume } from "../lib/dataset/mod.ts";
import { ConfigError, DatalistError } from "../lib/errors.ts";
import { exists, formatDuration, RunFolder, startBackend } from "../lib/host/mod.ts";
import { plural } from "../lib/report/mod.ts";
import type { BackendInfo, BackendName } from "../lib/tensor/mod.ts";
import type { SegmentationTask } from "../recipes/tasks/mod.ts";
import { INTERRUPTED } from "./_command_line.ts";
import { labelScheme } from "./_finetune_data.ts";
import { locateWeights, normaliseTemplates, readSavedTemplates, readTemplates } from "./_finetune_weights.ts";
import { describeFinetuned, type Finetuned, openFinetuned } from "./_finetuned.ts";
import { writeMissingModality } from "./_missing_modality_results.ts";
import { gatherPredictData, type PredictData } from "./_predict_data.ts";
import type { Fill } from "./_predict_subject.ts";
import { describeEnvironment } from "./_run_description.ts";
import { type CaseScores, readCase, scoreCase } from "./_study_cases.ts";
import { codeVersion, defaultStudyFolder, fingerprintData, hashFile, StudyFolder } from "./_study_folder.ts";
import { StudyProgress } from "./_study_progress.ts";

/** The command line. */
export interface MissingModalityArguments {
  readonly run: string;
  readonly data?: string;
  readonly datalist?: string;
  readonly split?: "training" | "validation" | "all";
  readonly templates?: string;
  readonly out?: string;
  readonly backend?: BackendName;
  readonly threads?: number;
}

/** Some of the task's sequences, and what stands in for the others. */
export interface SubsetCell {
  readonly name: string;
  readonly present: readonly string[];
  /** Null when nothing is missing. */
  readonly fill: Fill["kind"] | null;
}

/** A cell that is done. */
export type ScoredSubset = SubsetCell & { readonly cases: readonly CaseScores[] };

interface Study {
  readonly run: Finetuned & { readonly task: SegmentationTask };
  readonly data: PredictData;
  readonly fingerprint: string;
  readonly templates: readonly TemplateVolume[];
  readonly backend: BackendInfo;
  readonly folder: StudyFolder;
}

/**
 * Runs the study, or goes on with it.
 *
 * @param print takes lines for the person
 * @returns the exit status: 0 done, 130 interrupted
 */
export async function runMissingModality(
  args: MissingModalityArguments,
  print: (line: string) => void,
): Promise<number> {
  const started = performance.now();
  const { task } = await describeFinetuned(args.run);
  if (task.kind !== "segmentation") {
    throw new ConfigError(`Cannot study ${task.name}: expected a segmentation task, got a ${task.kind}`);
  }
  if (task.modalities.length < 2) {
    throw new ConfigError(
      `Cannot study ${task.name}: expected at least 2 sequences, got ${task.modalities.join(", ")}`,
    );
  }
  const { templates, file } = await findTemplates(args, task);
  const data = await gatherPredictData({ ...args, image: [] }, { task, fill: undefined, print });
  checkLabels(data.subjects);
  const backend = await startBackend(args.backend ?? "auto", { threads: args.threads, warn: console.error });
  const run = await openFinetuned(args.run);
  try {
    const study = {
      run: { ...run, task },
      data,
      templates,
      backend,
      ...await openFolder(args, { run, data, file, backend }),
    };
    const cells = listSubsets(task.modalities);
    print(`run       ${run.folder}: ${task.name}, ${run.model}`);
    print(`templates ${file}`);
    print(`data      ${data.origin}: ${plural(data.subjects.length, "subject")}`);
    print(`backend   ${backend.description}`);
    const scored = await scoreCells(cells, { study, print });
    const { path } = study.folder;
    if (scored.length < cells.length) {
      print(
        `interrupted with ${scored.length} of ${plural(cells.length, "cell")} done; go on with the same command and ` +
          `--out ${path}`,
      );
      return INTERRUPTED;
    }
    print("");
    const about = { task, run: run.folder, templates: file, origin: data.origin };
    await writeMissingModality(study.folder, { cells: scored, about, print });
    const seconds = formatDuration((performance.now() - started) / 1000);
    print(`\ndone in ${seconds}: ${path}/results.json, missing-modality.svg, summary.md`);
    return 0;
  } finally {
    run.dispose();
  }
}

/** Every choice of sequences, the largest first, each with both kinds of filling. */
export function listSubsets(modalities: readonly string[]): SubsetCell[] {
  const subsets = Array.from({ length: 2 ** modalities.length - 1 }, (_, i) => {
    const chosen = 2 ** modalities.length - 1 - i;
    return modalities.filter((_, bit) => chosen & (1 << (modalities.length - 1 - bit)));
  });
  subsets.sort((a, b) => b.length - a.length);
  return subsets.flatMap((present): SubsetCell[] => {
    const name = present.join("+");
    if (present.length === modalities.length) return [{ name, present, fill: null }];
    return (["zero", "template"] as const).map((fill) => ({ name: `${name}-${fill}`, present, fill }));
  });
}

const startSchema = z.looseObject({ weights: z.looseObject({ file: z.string() }).optional() });

/** Templates of every sequence: those named, those that training used, or those beside the weights it started from. */
async function findTemplates(
  { run, templates: named }: MissingModalityArguments,
  { modalities }: SegmentationTask,
): Promise<{ templates: readonly TemplateVolume[]; file: string }> {
  const own = `${run}/templates.safetensors`;
  if (named === undefined && await exists(own)) {
    return { templates: checkTemplates(await readSavedTemplates(own), { file: own, modalities }), file: own };
  }
  const start = named ??
    startSchema.safeParse(await RunFolder.readDescription(run, { verb: "use" })).data?.weights?.file;
  if (start === undefined || (named === undefined && !await exists(start))) {
    const got = start === undefined
      ? `none in ${run}, which started from scratch`
      : `no ${start}, which ${run} started from`;
    throw new ConfigError(`Cannot study ${run}: expected --templates RUN|FILE, as there are ${got}`);
  }
  const { file } = await locateWeights(start);
  const bank = await readTemplates(file);
  if (bank === null) {
    throw new ConfigError(`Cannot study ${run}: expected templates in ${file}, found none; name others by --templates`);
  }
  const { options } = await describeFinetuned(run);
  const templates = options.augment.templateValues === "raw" ? bank : normaliseTemplates(bank);
  return { templates: checkTemplates(templates, { file, modalities }), file };
}

function checkTemplates(
  templates: readonly TemplateVolume[],
  { file, modalities }: { file: string; modalities: readonly string[] },
): readonly TemplateVolume[] {
  const lacking = modalities.filter((wanted) => !templates.some(({ modality }) => modality === wanted));
  if (lacking.length === 0) return templates;
  throw new ConfigError(
    `Cannot use templates of ${file}: expected ${modalities.join(", ")}, got none of ${lacking.join(", ")}`,
  );
}

function checkLabels(subjects: readonly Subject[]): void {
  const lacking = subjects.filter(({ label }) => label === undefined);
  if (lacking.length === 0) return;
  throw new DatalistError(
    `Cannot study missing sequences: expected a label for each of ${plural(subjects.length, "subject")}, ` +
      `got none for ${lacking.length}, such as ${lacking[0].id}`,
  );
}

async function openFolder(
  { out }: MissingModalityArguments,
  { run, data, file, backend }: { run: Finetuned; data: PredictData; file: string; backend: BackendInfo },
): Promise<{ folder: StudyFolder; fingerprint: string }> {
  const fingerprint = await fingerprintData(data.root, { heldOut: data.subjects });
  const folder = await StudyFolder.open(out ?? defaultStudyFolder("missing-modality", run.task.name), {
    kind: "missing-modality",
    settings: {
      task: run.task,
      weights: run.weightsHash,
      templates: await hashFile(file),
      data: fingerprint,
      backend: backend.name,
    },
    about: {
      run: run.folder,
      templatesFile: file,
      root: data.root,
      heldOut: data.subjects.map(({ id }) => id),
      version: await codeVersion(),
      environment: describeEnvironment(backend),
    },
  });
  return { folder, fingerprint };
}

/** All cells, or those before an interruption. */
async function scoreCells(
  cells: readonly SubsetCell[],
  { study, print }: { study: Study; print: (line: string) => void },
): Promise<ScoredSubset[]> {
  const { folder, data: { subjects } } = study;
  const done = new Map<SubsetCell, readonly CaseScores[]>();
  for (const cell of cells) {
    const cases = await folder.readCell(cell.name);
    if (cases !== undefined) done.set(cell, cases);
  }
  print(
    `study     ${folder.path}: ${plural(cells.length, "cell")}${done.size > 0 ? `, ${done.size} done before` : ""}`,
  );
  const waiting = cells.filter((cell) => !done.has(cell));
  if (waiting.length > 0) {
    using progress = new StudyProgress("missing-modality", {
      total: cells.length * subjects.length,
      done: done.size * subjects.length,
      stopping: "after this subject; cells that are done are kept",
    });
    for (const cell of waiting) {
      const cases = await scoreCell(cell, { study, progress, place: `${cells.indexOf(cell) + 1}/${cells.length}` });
      if (cases === undefined) break;
      done.set(cell, cases);
      progress.finish(subjects.length);
    }
  }
  return cells.flatMap((cell) => done.has(cell) ? [{ ...cell, cases: done.get(cell)! }] : []);
}

async function scoreCell(
  cell: SubsetCell,
  { study, progress, place }: { study: Study; progress: StudyProgress; place: string },
): Promise<CaseScores[] | undefined> {
  const { run, data, templates, folder, fingerprint, backend } = study;
  const reading = { root: data.root, scheme: labelScheme(run.task, run.options.labelSet) };
  const fill = cell.fill === "template"
    ? { kind: cell.fill, templates }
    : cell.fill === "zero"
    ? { kind: cell.fill }
    : undefined;
  const cases: CaseScores[] = [];
  for (const subject of data.subjects) {
    if (progress.isInterrupted) return undefined;
    cases.push(await scoreCase(await readCase(subject, reading), run, { modalities: cell.present, fill }));
    progress.show(cases.length, { cell: place, present: cell.present.join("+"), fill: cell.fill ?? "none" });
  }
  await folder.writeCell(cell.name, {
    ...cell,
    task: run.task.name,
    model: run.model,
    run: run.folder,
    data: fingerprint,
    version: await codeVersion(),
    environment: describeEnvironment(backend),
    cases,
  });
  return cases;
}
