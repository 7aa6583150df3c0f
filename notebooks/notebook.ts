/** What the notebooks share: phantoms and runs in memory, and how a cell shows charts, slices and text. */
import * as mvp from "../mod.ts";
import type { ResolvedFinetune } from "../recipes/finetune/mod.ts";
import type { ResolvedRecipe } from "../recipes/mod.ts";
import type { SegmentationTask } from "../recipes/tasks/mod.ts";

/** Subjects and their files, in memory. */
export interface Cohort {
  readonly datalist: mvp.Datalist;
  readonly readFile: (path: string) => Promise<Uint8Array>;
}

/** Computes a cohort of phantoms; nothing is written to the disk. */
export async function phantomCohort(options: mvp.EnsureCohortOptions): Promise<Cohort> {
  const files = new Map<string, Uint8Array>();
  const read = (path: string): Promise<Uint8Array> => Promise.resolve(files.get(path)!);
  await mvp.ensurePhantomCohort(options, {
    name: "memory",
    isEmpty: () => Promise.resolve(files.size === 0),
    exists: (path) => Promise.resolve(files.has(path)),
    read,
    write: (path, content) => Promise.resolve(void files.set(path, content)),
  });
  const text = new TextDecoder().decode(await read(mvp.PHANTOM_DATALIST));
  return {
    datalist: mvp.parseDatalist(text, { root: "", file: mvp.PHANTOM_DATALIST }),
    readFile: (path) => read(path.replace(/^\//, "")),
  };
}

/** A run in memory: its records, its last checkpoint, its best weights. */
export class MemoryRun<R extends mvp.MetricsRecord | mvp.FinetuneRecord> {
  readonly records: R[] = [];
  /** Bytes of the last checkpoint, a safetensors file. */
  checkpoint: Uint8Array<ArrayBuffer> = new Uint8Array();

  appendRecord(record: R): Promise<void> {
    this.records.push(record);
    return Promise.resolve();
  }

  truncateRecords(count: number): Promise<void> {
    this.records.length = count;
    return Promise.resolve();
  }

  async saveCheckpoint(_updates: number, { tensors }: mvp.Checkpoint): Promise<void> {
    this.checkpoint = new Uint8Array(await new Blob(tensors as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  }

  saveWeights(): Promise<void> {
    return Promise.resolve();
  }
}

/** A pre-training that is done. */
export interface Pretraining {
  readonly records: readonly mvp.MetricsRecord[];
  readonly validation: mvp.Validation;
  readonly model: mvp.PretrainModel;
  readonly templates: mvp.Templates;
  readonly checkpoint: Uint8Array<ArrayBuffer>;
  /** Templates of the sequences that the cohort has, scaled to [0, 1], now and at the moments asked for. */
  readonly history: readonly { readonly step: number; readonly templates: readonly mvp.TemplateImage[] }[];
}

/**
 * Pre-trains on a cohort in memory.
 *
 * @param options.lookAt updates after which the templates are copied
 */
export async function pretrainInMemory(
  cohort: Cohort,
  recipe: ResolvedRecipe,
  { lookAt = [] }: { lookAt?: readonly number[] } = {},
): Promise<Pretraining> {
  const { training, validation } = cohort.datalist;
  const open = (subjects: readonly mvp.Subject[], crop: mvp.SamplePlan["crop"]): mvp.SubjectSource => ({
    count: subjects.length,
    source: new mvp.LocalSource({
      root: "",
      subjects,
      crop,
      preprocess: recipe.preprocess,
      seed: recipe.seed,
      cropSize: recipe.cropSize,
      templateSize: recipe.templates.size,
      sequences: recipe.method.sequences,
      shuffleOrder: recipe.shuffleSequences,
    }, { readFile: cohort.readFile, cacheBytes: 2 ** 28 }),
  });
  const used = new Set(training.flatMap(({ images }) => images.map(({ modality }) => modality)));
  const modalities = mvp.MODALITIES.filter((modality) => used.has(modality));
  const model = mvp.buildPretrainModel(mvp.MODEL_PRESETS[recipe.model], { seed: recipe.seed });
  const templates = new mvp.Templates({ modalities, ...recipe.templates });
  const store = new MemoryRun<mvp.MetricsRecord>();
  const history: { step: number; templates: Promise<mvp.TemplateImage[]> }[] = [];
  const look = (step: number): void => void history.push({ step, templates: templates.normalised() });
  const result = await mvp.pretrain({
    model,
    templates,
    store,
    training: open(training, "random"),
    trainingCentres: open(training, "centre"),
    validation: open(validation, "centre"),
    onProgress: ({ record: { step } }) => lookAt.includes(step) && look(step),
  }, recipe);
  if (!lookAt.includes(result.updates)) look(result.updates);
  return {
    records: store.records,
    validation: result.validation!,
    model,
    templates,
    checkpoint: store.checkpoint,
    history: await Promise.all(history.map(async ({ step, templates }) => ({ step, templates: await templates }))),
  };
}

/** A fine-tuned segmentation network that can be asked about held-out subjects. */
export interface Finetuning {
  readonly records: readonly mvp.FinetuneRecord[];
  /** Held-out subjects, prepared and cropped around their middle. */
  readonly heldOut: readonly mvp.LabelledSample[];
  /** Dice of held-out subjects, one by one, by the name of the region. */
  dice(samples: readonly mvp.LabelledSample[]): Promise<Record<string, number>[]>;
}

/**
 * Fine-tunes a segmentation on a cohort in memory.
 *
 * @param options.weights bytes of a checkpoint of pre-training to start from; without, random weights
 */
export async function finetuneInMemory(
  { datalist, readFile }: Cohort,
  recipe: ResolvedFinetune,
  { task, weights }: { task: SegmentationTask; weights?: Uint8Array },
): Promise<Finetuning> {
  const values = [...new Set(task.regions.flatMap(({ labels }) => labels))].sort((a, b) => a - b);
  const open = (subjects: readonly mvp.Subject[], crop: "random" | "centre"): mvp.LabelledSubjects => ({
    count: subjects.length,
    source: new mvp.LabelledSource({
      root: "",
      subjects,
      crop,
      modalities: task.modalities,
      scheme: { name: "own", values, sets: [], choose: "auto" },
      classes: null,
      preprocess: recipe.preprocess,
      seed: recipe.seed,
      cropSize: recipe.cropSize,
      templateSize: recipe.templates.size,
      labelCentred: recipe.augment.labelCentred,
    }, { readFile, cacheBytes: 2 ** 28 }),
  });
  const sizes = mvp.MODEL_PRESETS[recipe.model];
  const channels = { inChannels: task.modalities.length, classes: task.regions.length };
  const model = mvp.buildSegmentationModel({ ...sizes, ...channels }, { seed: recipe.seed });
  if (weights !== undefined) {
    const file = await mvp.openWeights(mvp.bytesSource(weights), "pre-training");
    await mvp.loadWeights(model.parameters, file.tensors.values(), {
      file: "pre-training",
      firstConv: recipe.firstConv,
    });
  }
  const { loss, run, augment, cropSize } = recipe;
  const objective = new mvp.SegmentationObjective(
    { model, target: task, templates: [] },
    { ...loss, ...run, cropSize, augment: { ...augment, templateChannels: 0 }, validation: "centre" },
  );
  const held = open(datalist.validation, "centre");
  const store = new MemoryRun<mvp.FinetuneRecord>();
  const training = open(datalist.training, "random");
  await mvp.finetune({ objective, training, validation: held, store }, { ...recipe, fingerprint: "", metadata: {} });
  const heldOut: mvp.LabelledSample[] = [];
  for (let subject = 0; subject < held.count; subject++) heldOut.push(await held.source.load({ epoch: 0, subject }));
  return {
    records: store.records,
    heldOut,
    dice: async (samples) => {
      const scores: Record<string, number>[] = [];
      for (const sample of samples) {
        const { record } = await objective.validate((async function* () {
          yield await Promise.resolve(sample);
        })());
        if (record.kind !== "segmentation") {
          throw new TypeError(`Cannot score: expected a segmentation, got ${record.kind}`);
        }
        scores.push(Object.fromEntries(record.regions.map(({ region, dice }) => [region, dice])));
      }
      return scores;
    },
  };
}

/** Reads the committed cells of an ablation. */
export async function readAblation(scale: string): Promise<mvp.AblationCell[]> {
  const folder = new URL(`../results/ablation/${scale}/`, import.meta.url);
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  const files = names.filter((name) => /-seed\d+\.json$/.test(name));
  return await Promise.all(files.map(async (name) => JSON.parse(await Deno.readTextFile(new URL(name, folder)))));
}

const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

/** The last value of a cell that is shown as a picture or as text. */
export interface Shown {
  readonly [DISPLAY]: () => Readonly<Record<string, string>>;
}

/** Shows charts below one another with their legend. */
export function showCharts(panels: Readonly<Record<string, mvp.Chart | null>>): Shown {
  const drawn = Object.entries(panels).flatMap(([title, chart]) => chart === null ? [] : [{ title, chart }]);
  const text = drawn.map(({ title }) => title).join("; ");
  return { [DISPLAY]: () => ({ "image/svg+xml": mvp.standaloneSvg(drawn), "text/plain": text }) };
}

/** Shows an SVG file. */
export function showSvg(svg: string): Shown {
  return { [DISPLAY]: () => ({ "image/svg+xml": svg }) };
}

/** Shows slices of volumes of one size: one row per volume, one column per slice. */
export function showSlices(images: readonly mvp.ScalarImage[], options: mvp.MontageOptions = {}): Shown {
  const png = mvp.montagePng(images, { scale: 3, ...options });
  return { [DISPLAY]: () => ({ "image/png": png.toBase64() }) };
}

/** A volume with its 2nd and 98th percentile drawn black and white: single extreme voxels of a template hide all others. */
export function stretched<T extends mvp.ScalarImage>({ data, ...image }: T): mvp.ScalarImage {
  return { ...image, data: mvp.scaleByPercentiles(data, { lower: 2, upper: 98, clip: true }) };
}

/** Shows Markdown, such as a table. */
export function showMarkdown(text: string): Shown {
  return { [DISPLAY]: () => ({ "text/markdown": text }) };
}
