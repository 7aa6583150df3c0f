/** Weights that fine-tuning starts from: a run's newest checkpoint or a file, with the templates in it. */
import { MODALITIES, type TemplateVolume } from "../lib/dataset/mod.ts";
import { CheckpointError } from "../lib/errors.ts";
import { exists, openFile, RunFolder } from "../lib/host/mod.ts";
import { encodeSafetensors, openSafetensors, openWeights } from "../lib/interop/mod.ts";
import type { LazyTensor } from "../lib/interop/mod.ts";
import {
  type FirstConvRule,
  isEncoderParameter,
  loadWeights,
  toOfficialLayout,
  toOurLayout,
} from "../lib/model/mod.ts";
import type { Parameter } from "../lib/model/mod.ts";
import type { InitialWeights } from "./_initial_weights.ts";
import { describeFile, reportLines } from "./_weights_report.ts";

/** What `--weights` names. */
export interface WeightsSource {
  /** File that the tensors are in. */
  readonly file: string;
  /** Model of the run that they come from; unknown for a file by itself. */
  readonly model?: string;
}

/** What a checkpoint holds besides the model. */
const NOT_OF_MODEL = /^(adamw\.(first|second)|templates\.seen)\./;

/**
 * Finds the file: of a pre-training run its newest checkpoint, of a fine-tuned one its best weights.
 *
 * @throws {Error} when there is nothing of this name
 * @throws {CheckpointError} when the run has no checkpoint yet
 */
export async function locateWeights(path: string): Promise<WeightsSource> {
  if (!await exists(`${path}/run.json`)) {
    if (!await exists(path)) throw new Error(`Cannot use weights ${path}: expected a run or a file, found neither`);
    return { file: path };
  }
  const description = await RunFolder.readDescription(path, { verb: "use weights of" });
  const { model, options } = description as { model?: string; options?: { model?: string } };
  const best = `${path}/weights.safetensors`;
  if (await exists(best)) return { file: best, model: model ?? options?.model };
  const checkpoint = await RunFolder.open(path, { keep: 1 }).latestCheckpoint();
  if (checkpoint) return { file: checkpoint.file, model: model ?? options?.model };
  throw new CheckpointError(`Cannot use weights of ${path}: expected a checkpoint, the run has none yet`);
}

/**
 * Puts the weights of a file into a model and prints the account.
 *
 * @throws {CheckpointError} when the file cannot be read, or nothing in it fits the encoder
 */
export async function loadFinetuneWeights(
  file: string,
  { parameters, firstConv, print }: {
    parameters: readonly Parameter[];
    firstConv: FirstConvRule;
    print: (line: string) => void;
  },
): Promise<InitialWeights> {
  using source = await openFile(file);
  const weights = await openWeights(source, file);
  print(`weights   ${describeFile(file, weights)}`);
  const match = await loadWeights(parameters, modelTensors(weights.tensors), { file, firstConv });
  for (const line of reportLines(match, { all: false })) print(line);
  if (!match.loaded.some(({ parameter }) => isEncoderParameter(parameter.name))) {
    throw new CheckpointError(`Cannot use weights ${file}: expected those of the encoder, got none that fits`);
  }
  return {
    file,
    loaded: match.loaded.length,
    missing: match.missing.length,
    mismatched: match.mismatched.length,
    unexpected: match.unexpected.length,
  };
}

/** The templates of a weights file as the optimiser left them, one per canonical modality; null when it has none. */
export async function readTemplates(file: string): Promise<TemplateVolume[] | null> {
  using source = await openFile(file);
  const { tensors } = await openWeights(source, file);
  const bank = modelTensors(tensors).find(({ name }) => /(^|\.)rep_template$/.test(name));
  return bank === undefined ? null : await splitBank(bank, { file, modalities: MODALITIES });
}

/** Templates scaled to [0, 1] each, as views see them in pre-training; one that is constant becomes 0. */
export function normaliseTemplates(templates: readonly TemplateVolume[]): TemplateVolume[] {
  return templates.map((template) => {
    let low = Infinity, high = -Infinity;
    for (const value of template.data) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return { ...template, data: template.data.map((value) => (value - low) / (high - low + 1e-9)) };
  });
}

/** Templates as a safetensors file: `rep_template` in the official order of axes, modalities in the metadata. */
export function encodeTemplates(templates: readonly TemplateVolume[]): Uint8Array[] {
  const [{ size: [x, y, z] }] = templates;
  const values = new Float32Array(templates.length * x * y * z);
  templates.forEach(({ data }, i) => values.set(data, i * x * y * z));
  const layout = bankLayout([templates.length, x, y, z]);
  const data = toOfficialLayout(values, layout);
  const tensor = { dtype: "F32", shape: layout.officialShape, data } as const;
  const modalities = templates.map(({ modality }) => modality).join(" ");
  return encodeSafetensors(new Map([["rep_template", tensor]]), { format: "pt", modalities });
}

/** Reads what {@link encodeTemplates} wrote; no file, no templates. */
export async function readSavedTemplates(file: string): Promise<TemplateVolume[]> {
  if (!await exists(file)) return [];
  using source = await openFile(file);
  const { tensors, metadata } = await openSafetensors(source, file);
  const bank = tensors.get("rep_template");
  if (!bank) throw new CheckpointError(`Cannot read ${file}: expected "rep_template", got none`);
  return await splitBank(bank, { file, modalities: metadata.modalities?.split(" ") ?? [] });
}

async function splitBank(
  bank: LazyTensor,
  { file, modalities }: { file: string; modalities: readonly string[] },
): Promise<TemplateVolume[]> {
  const [count, x, y, z] = bank.shape;
  if (bank.shape.length !== 4 || count !== modalities.length) {
    throw new CheckpointError(
      `Cannot use templates of ${file}: expected [${modalities.length}, x, y, z], got [${bank.shape.join(", ")}]`,
    );
  }
  const values = toOurLayout(Float32Array.from(await bank.read() as Float32Array), bankLayout([count, x, y, z]));
  return modalities.map((modality, k) => {
    return { modality, size: [x, y, z], data: values.slice(k * x * y * z, (k + 1) * x * y * z) };
  });
}

function bankLayout([count, x, y, z]: readonly [number, number, number, number]) {
  return { shape: [count, z, y, x], officialShape: [count, x, y, z], permutation: [0, 3, 2, 1] };
}

function modelTensors(tensors: ReadonlyMap<string, LazyTensor>): LazyTensor[] {
  return [...tensors.values()].filter(({ name }) => !NOT_OF_MODEL.test(name));
}
