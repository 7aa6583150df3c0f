/** The work behind `deno task site:demo`. */
import { MODALITIES, type Modality, planPhantomCohort, readNifti, writeNifti } from "../lib/dataset/mod.ts";
import { ConfigError } from "../lib/errors.ts";
import { spacingOf, type Triple } from "../lib/geometry.ts";
import { exists, listNames, makeFolder, readFile, remove, RunFolder, writeFileAtomic } from "../lib/host/mod.ts";
import { decodeSafetensors, encodeSafetensors } from "../lib/interop/mod.ts";
import type { PairScore } from "../lib/results.ts";
import { modelOfCheckpoint, parseState } from "../lib/trainer/mod.ts";
import type { DemoModel, DemoPhantom } from "../site/data/demo_model.ts";
import type { TemplateRun } from "../site/data/template_runs.ts";
import { readRunDescription, type RunDescription } from "./_run_description.ts";

const OUT = "site/static/models/quick";
const ADDRESS = "/models/quick";

/** Epochs whose templates are shown: close together at first, when they change most. */
const SHOWN_EPOCHS = [5, 10, 20, 30, 45, 60, 90, 120];
/** Grey levels of what is only looked at. */
const SHOWN_LEVELS = 64;

/** A run's state, opened. */
interface DemoRun {
  readonly path: string;
  readonly folder: RunFolder;
  readonly description: RunDescription;
}

/**
 * Writes the files of the demonstration.
 *
 * @throws {ConfigError} when the run is not one of the quick recipe on phantoms, or has kept no templates
 */
export async function writeDemo(path: string, print: (line: string) => void): Promise<void> {
  const description = await readRunDescription(path, { verb: "show" });
  const { recipe, options, data } = description;
  if (recipe !== "quick" || !data.origin.startsWith("built-in phantoms") || options.run.templatesEvery === 0) {
    throw new ConfigError(`Cannot make a demonstration of ${path}: expected a run of quick on phantoms, got ${recipe}`);
  }
  const run = { path, folder: RunFolder.open(path, { keep: options.run.keepCheckpoints }), description };
  const write = async (name: string, content: readonly Uint8Array[]): Promise<void> => {
    const file = `${OUT}/${name}`;
    await makeFolder(file.slice(0, file.lastIndexOf("/")));
    await writeFileAtomic(file, content);
    print(`wrote     ${file} (${content.reduce((sum, { length }) => sum + length, 0)} bytes)`);
  };
  const { updates, epochs, weights } = await readWeights(run);
  const modalities = await trainedModalities(run);
  const card = await describeModel(run, { updates, epochs, modalities });
  // What was there goes only when all that could be wrong with the run has been looked at.
  await remove(OUT);
  await write("weights.safetensors", weights);
  for (const modality of modalities) {
    await write(`templates/${modality}.nii.gz`, [await quantised(`${path}/templates/${modality}.nii.gz`, 255)]);
  }
  const json = (value: unknown): Uint8Array[] => [new TextEncoder().encode(JSON.stringify(value, null, 1) + "\n")];
  await write("card.json", json(card));
  await write("templates.json", json(await writeFrames(run, { modalities, write })));
}

/** Weights and buffers that rebuilding uses: not the parts for segmentation, which pre-training leaves as they were. */
async function readWeights(
  { path, folder }: DemoRun,
): Promise<{ updates: number; epochs: number; weights: Uint8Array[] }> {
  const checkpoint = await folder.latestCheckpoint();
  if (checkpoint === undefined) {
    throw new ConfigError(`Cannot make a demonstration of ${path}: it has no checkpoint yet`);
  }
  const { updates, next } = parseState(checkpoint.state, checkpoint.file);
  const { state, trained } = modelOfCheckpoint(decodeSafetensors(checkpoint.tensors, checkpoint.file).tensors);
  const used = [...state].filter(([name]) => {
    return name !== "rep_template" && (trained.has(name) || /\.running_(mean|var)$/.test(name));
  });
  return {
    updates,
    epochs: next.epoch,
    weights: encodeSafetensors(new Map(used), { format: "pt" }, { floats: "F16" }),
  };
}

async function trainedModalities({ path }: DemoRun): Promise<Modality[]> {
  const names = new Set(await listNames(`${path}/templates`, /^[a-z0-9]+\.nii\.gz$/));
  return MODALITIES.filter((modality) => names.has(`${modality}.nii.gz`));
}

/** A volume of values in [0, `range`] in whole steps of 0…255, of so many levels. */
async function quantised(file: string, levels: number, range = 1): Promise<Uint8Array> {
  const { data, ...grid } = await readNifti(await readFile(file), file);
  const step = 255 / (levels === 255 ? 255 : levels - 1);
  const steps = data.map((value) => Math.round(Math.round(255 * value / range / step) * step));
  return await writeNifti({ ...grid, data: steps }, { datatype: "uint8", description: "template, times 255" });
}

async function describeModel(
  { path, folder, description: { recipe, options, data } }: DemoRun,
  { updates, epochs, modalities }: Pick<DemoModel, "updates" | "epochs" | "modalities">,
): Promise<DemoModel> {
  const validation = (await folder.readRecords()).findLast((record) => record.kind === "validation");
  if (validation === undefined) {
    throw new ConfigError(`Cannot make a demonstration of ${path}: it has no validation yet`);
  }
  const { spacingMm } = await templateGrid(path, modalities[0]);
  return {
    model: options.model,
    recipe,
    made: [`deno task pretrain ${recipe} --out ${path}`, `deno task site:demo --run ${path}`],
    seed: options.seed,
    updates,
    epochs,
    data:
      `${data.training.length} synthetic phantoms (seed ${options.phantom.seed}), ${data.validation.length} held out`,
    cropSize: options.cropSize,
    templateSize: options.templates.size,
    blockSize: options.method.blockSize,
    maskRatio: options.method.maskRatio,
    spacingMm,
    lowerPercentile: options.preprocess.lowerPercentile,
    upperPercentile: options.preprocess.upperPercentile,
    modalities,
    scores: {
      cmr: meanScores(validation.pairs.filter(({ source }) => source !== "template")),
      md: meanScores(validation.pairs.filter(({ source }) => source === "template")),
    },
    phantom: choosePhantom({ options, data }),
    files: {
      weights: `${ADDRESS}/weights.safetensors`,
      templates: Object.fromEntries(modalities.map((name) => [name, `${ADDRESS}/templates/${name}.nii.gz`])),
    },
  };
}

async function templateGrid(path: string, modality: string): Promise<{ spacingMm: Triple; size: Triple }> {
  const file = `${path}/templates/${modality}.nii.gz`;
  const { affine, size } = await readNifti(await readFile(file), file);
  return { spacingMm: spacingOf(affine).map((mm) => Math.round(mm * 1e4) / 1e4) as unknown as Triple, size };
}

function meanScores(pairs: readonly PairScore[]): DemoModel["scores"]["cmr"] {
  const mean = (of: (pair: PairScore) => number): number =>
    Math.round(100 * pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length) / 100;
  return { psnr: mean((pair) => pair.psnr), mosaicPsnr: mean((pair) => pair.mosaicPsnr), pairs: pairs.length };
}

/** The first held-out phantom with the four sequences of a tumour protocol and nothing else. */
function choosePhantom({ options: { phantom }, data }: Pick<RunDescription, "options" | "data">): DemoPhantom {
  const plans = planPhantomCohort(phantom).filter(({ split }) => split === "validation");
  const plan = plans.find(({ source }) => source === "brats")!;
  const heldOut = data.validation.findIndex(({ images }) => images[0].file.includes(plan.id));
  // The order of the files is the order of the channels.
  const modalities = data.validation[heldOut].images.map(({ modality }) => modality);
  const { id, index, lesion } = plan;
  return { id, seed: phantom.seed, index, size: phantom.size, modalities, lesion, heldOut };
}

/** Writes the templates of some epochs. */
async function writeFrames(
  { path, folder, description: { recipe } }: DemoRun,
  { modalities, write }: {
    modalities: readonly Modality[];
    write: (name: string, content: readonly Uint8Array[]) => Promise<void>;
  },
): Promise<TemplateRun> {
  const records = await folder.readRecords();
  const frames: TemplateRun["frames"][number][] = [];
  for (const epoch of SHOWN_EPOCHS) {
    const source = `${path}/templates/epoch-${String(epoch).padStart(5, "0")}`;
    if (!await exists(source)) continue;
    const files: Record<string, string> = {};
    for (const modality of modalities) {
      const name = `templates/epoch-${epoch}/${modality}.nii.gz`;
      await write(name, [await quantised(`${source}/${modality}.nii.gz`, SHOWN_LEVELS, 255)]);
      files[modality] = `${ADDRESS}/${name}`;
    }
    const step = records.findLast((record) => record.kind === "step" && record.epoch < epoch)?.step ?? 0;
    frames.push({ step, epoch, files });
  }
  const { size } = await templateGrid(path, modalities[0]);
  return { name: "demonstration", recipe, synthetic: true, modalities, size, frames };
}
