/** The work behind `deno task export`. */
import { flattenConfig } from "../lib/config.ts";
import { MODALITIES } from "../lib/dataset/mod.ts";
import { CheckpointError, ConfigError } from "../lib/errors.ts";
import type { Triple } from "../lib/geometry.ts";
import { makeFolder, RunFolder, writeFileAtomic } from "../lib/host/mod.ts";
import {
  decodeSafetensors,
  encodeOnnxEncoder,
  encodeSafetensors,
  formatModelCard,
  type ModelCard,
  type Safetensor,
} from "../lib/interop/mod.ts";
import { divisorOf, MODEL_PRESETS, toOurLayout } from "../lib/model/mod.ts";
import { formatPairTable } from "../lib/report/mod.ts";
import type { TemplateImage } from "../lib/results.ts";
import { Templates } from "../lib/templates/mod.ts";
import { selectBackend, tf } from "../lib/tensor/mod.ts";
import { modelOfCheckpoint, parseState, type TrainerState } from "../lib/trainer/mod.ts";
import { recipeSchema } from "../recipes/mod.ts";
import { countModalities, isSynthetic, type RunData, withoutFolders } from "./_run_data.ts";
import { readRunDescription, type RunDescription } from "./_run_description.ts";
import { templateFiles, templateSpacing, usedTemplates } from "./_template_files.ts";

/** The command line. */
export interface ExportArguments {
  readonly run: string;
  readonly out?: string;
  readonly size?: Triple;
  readonly onnx: boolean;
}

/** A run's newest checkpoint, opened for export. */
interface SavedRun {
  readonly folder: RunFolder;
  readonly description: RunDescription;
  readonly progress: TrainerState;
  readonly state: ReadonlyMap<string, Safetensor>;
  readonly trained: ReadonlySet<string>;
}

/**
 * Exports a run.
 *
 * @param print takes lines for the person
 * @throws {Error} when there is no run, or it has no checkpoint yet
 * @throws {ConfigError} when the encoder cannot take the size
 */
export async function exportRun(args: ExportArguments, print: (line: string) => void): Promise<void> {
  const run = await openRun(args.run);
  const { recipe, options } = run.description;
  checkSize(args.size, options.model);
  print(`run       ${run.folder.path}: ${recipe}, ${options.model}, ${run.progress.updates} updates`);
  const out = args.out ?? `${run.folder.path}/export`;
  const write = async (name: string, content: readonly Uint8Array[]): Promise<void> => {
    const path = `${out}/${name}`;
    await makeFolder(path.slice(0, path.lastIndexOf("/")));
    await writeFileAtomic(path, content);
    print(`wrote     ${path} (${formatBytes(content.reduce((sum, { length }) => sum + length, 0))})`);
  };
  const metadata = { model: options.model, recipe, updates: String(run.progress.updates) };
  await write(
    "weights.safetensors",
    encodeSafetensors(run.state, { format: "pt", ...metadata, modalities: MODALITIES.join(" ") }),
  );
  if (args.onnx) {
    await write("encoder.onnx", encodeOnnxEncoder(MODEL_PRESETS[options.model], run.state, { ...args, metadata }));
  }
  const templates = await readTemplates(run);
  const spacingMm = await templateSpacing(run.folder.path, run.description);
  for await (const { name, bytes } of templateFiles(templates, spacingMm)) await write(name, [bytes]);
  const card = await describeModel(run, { templates, spacingMm, onnx: args.onnx ? { size: args.size ?? null } : null });
  await write("README.md", [new TextEncoder().encode(formatModelCard(card))]);
}

async function openRun(path: string): Promise<SavedRun> {
  const description = await readRunDescription(path, { verb: "export" });
  const folder = RunFolder.open(path, { keep: description.options.run.keepCheckpoints });
  const checkpoint = await folder.latestCheckpoint();
  if (!checkpoint) throw new CheckpointError(`Cannot export ${path}: expected a checkpoint, the run has none yet`);
  const { tensors } = decodeSafetensors(checkpoint.tensors, checkpoint.file);
  const progress = parseState(checkpoint.state, checkpoint.file.replace(/safetensors$/, "json"));
  return { folder, description, progress, ...modelOfCheckpoint(tensors) };
}

function checkSize(size: Triple | undefined, model: RunDescription["options"]["model"]): void {
  const divisor = divisorOf(MODEL_PRESETS[model]);
  if (size?.some((voxels) => voxels % divisor !== 0)) {
    throw new ConfigError(`Cannot use --size ${size}: expected multiples of ${divisor} for ${model}`);
  }
}

/** The trained templates of a checkpoint, normalised. */
async function readTemplates({ description: { options, data }, state }: SavedRun): Promise<TemplateImage[]> {
  await selectBackend("reference");
  const templates = new Templates({ modalities: MODALITIES, ...options.templates });
  const { parameter } = templates;
  const saved = state.get(parameter.name);
  if (saved?.dtype !== "F32" || String(saved.shape) !== String(parameter.officialShape)) {
    throw new CheckpointError(
      `Cannot export templates: expected "${parameter.name}" F32 [${parameter.officialShape}], got ` +
        (saved ? `${saved.dtype} [${saved.shape}]` : "none"),
    );
  }
  tf.tidy(() => templates.variable.assign(tf.tensor(toOurLayout(saved.data, parameter), [...parameter.shape])));
  const images = await usedTemplates(templates, { options, data });
  templates.dispose();
  return images;
}

async function describeModel(
  run: SavedRun,
  { templates, spacingMm, onnx }: {
    templates: readonly TemplateImage[];
    spacingMm: Triple;
    onnx: ModelCard["onnx"];
  },
): Promise<ModelCard> {
  const { recipe, options, data, backend, environment } = run.description;
  const { cropSize, preprocess } = options;
  const { next: { epoch }, updates, records } = run.progress;
  const { backbone, ...sizes } = MODEL_PRESETS[options.model];
  // What a killed run wrote after its checkpoint is not of this model.
  const kept = (await run.folder.readRecords()).slice(0, records);
  const validation = kept.findLast((record) => record.kind === "validation");
  return {
    model: {
      name: options.model,
      backbone,
      sizes: flattenConfig(sizes),
      divisor: divisorOf(MODEL_PRESETS[options.model]),
      values: countValues(run),
    },
    recipe: {
      name: recipe,
      changes: changesFromPaper(run.description),
      cropSize,
      spacingMm: preprocess.spacingMm,
      percentiles: [preprocess.lowerPercentile, preprocess.upperPercentile],
    },
    progress: { updates, epochs: epoch, plannedEpochs: options.run.epochs },
    data: {
      origin: withoutFolders(data.origin),
      synthetic: isSynthetic(data.origin),
      training: describeSubjects(data.training),
      heldOut: describeSubjects(data.validation),
    },
    scores: validation ? { table: formatPairTable(validation.pairs), updates: validation.step } : null,
    environment: Object.keys(environment).length > 0 ? environment : { backend },
    templates: {
      order: MODALITIES,
      used: templates.map(({ modality }) => modality),
      size: options.templates.size,
      spacingMm,
    },
    onnx,
  };
}

function countValues({ state, trained }: SavedRun): ModelCard["model"]["values"] {
  const values = { network: 0, trained: 0, buffers: 0, templates: 0 };
  for (const [name, { data }] of state) {
    if (name === "rep_template") values.templates += data.length;
    else if (/\.(running_(mean|var)|num_batches_tracked)$/.test(name)) values.buffers += data.length;
    else {
      values.network += data.length;
      if (trained.has(name)) values.trained += data.length;
    }
  }
  return values;
}

/** Options that are not the schema's defaults, which are the paper's. */
function changesFromPaper({ options }: RunDescription): ModelCard["recipe"]["changes"] {
  const paper = flattenConfig(recipeSchema.parse({}));
  return Object.entries(flattenConfig(options)).filter(([option, value]) => paper[option] !== value)
    .map(([option, value]) => ({ option, value, paper: paper[option] ?? "–" }));
}

function describeSubjects(subjects: RunData["training"]): ModelCard["data"]["training"] {
  const counts = countModalities(subjects);
  const present = MODALITIES.filter((modality) => counts.has(modality));
  return {
    subjects: subjects.length,
    modalities: Object.fromEntries(present.map((modality) => [modality, counts.get(modality) ?? 0])),
  };
}

/** `70.4 MB`: decimal units, as file managers show them. */
function formatBytes(bytes: number): string {
  const [unit, size] = bytes >= 1e9 ? ["GB", 1e9] : bytes >= 1e6 ? ["MB", 1e6] : ["kB", 1e3];
  return `${(bytes / size).toFixed(1)} ${unit}`;
}
