/** A fine-tuned run, opened for use: its task, how it prepares scans, its network and templates. */
import { z } from "zod";
import { type LabelledStack, prepareDownstream, type SubjectImage, type TemplateVolume } from "../lib/dataset/mod.ts";
import { CheckpointError, ConfigError, formatShape } from "../lib/errors.ts";
import { exists, openFile, readFile, RunFolder } from "../lib/host/mod.ts";
import { openWeights } from "../lib/interop/mod.ts";
import {
  buildClassificationModel,
  buildSegmentationModel,
  loadWeights,
  MODEL_NAMES,
  MODEL_PRESETS,
} from "../lib/model/mod.ts";
import type { Parameter } from "../lib/model/mod.ts";
import type { Tensor, Tensor5D } from "../lib/tensor/mod.ts";
import { channelCount } from "../lib/trainer/mod.ts";
import { finetuneSchema } from "../recipes/finetune/mod.ts";
import { type Task, taskSchema } from "../recipes/tasks/mod.ts";
import { readSavedTemplates } from "./_finetune_weights.ts";

const runSchema = z.looseObject({
  kind: z.literal("finetune"),
  task: taskSchema,
  model: z.enum(MODEL_NAMES),
  options: finetuneSchema,
});

/** What a fine-tuned run's run.json says, as far as its network is concerned. */
export type FinetunedDescription = z.output<typeof runSchema>;

/** A subject in the network's space. */
export type PreparedSubject = Omit<LabelledStack, "label">;

/** A fine-tuned run. */
export interface Finetuned extends Pick<FinetunedDescription, "task" | "options" | "model"> {
  readonly folder: string;
  /** SHA-256 of the file of weights, in hexadecimal. */
  readonly weightsHash: string;
  /** Brings scans of one grid into the network's space, as in training. */
  prepare(images: readonly SubjectImage[]): PreparedSubject;
  /** Windows `[B, D, H, W, C]` → logits: `[B, D, H, W, K]` of a segmentation, `[B, K]` of a classification. */
  forward(x: Tensor5D): Tensor;
  /** Reads the templates that training used; none when it used none. */
  templates(): Promise<TemplateVolume[]>;
  /** Frees the network. */
  dispose(): void;
}

/** A network by its parameters. */
interface Network {
  readonly parameters: readonly Parameter[];
  forward(x: Tensor5D): Tensor;
  dispose(): void;
}

/**
 * Opens the folder of a fine-tuned run; tensors live on the backend in use.
 *
 * @throws {ConfigError} when the folder is that of another kind of run
 * @throws {CheckpointError} when its weights are missing, damaged, or those of another network
 */
export async function openFinetuned(folder: string): Promise<Finetuned> {
  const { task, model, options } = await describeFinetuned(folder);
  const weights = `${folder}/weights.safetensors`;
  if (!await exists(weights)) throw new CheckpointError(`Cannot use ${weights}: the file is missing`);
  const network = buildNetwork(task, { model, options });
  try {
    await readWeights(weights, { network, task, model });
  } catch (error) {
    network.dispose();
    throw error;
  }
  return {
    folder,
    weightsHash: await hashOf(weights),
    task,
    model,
    options,
    prepare: (images) => prepareDownstream({ images }, options.preprocess),
    forward: network.forward,
    templates: () => readSavedTemplates(`${folder}/templates.safetensors`),
    dispose: network.dispose,
  };
}

/** Channels that a task's network gives: one per region or class, and the background of exclusive regions. */
export function outputCount(task: Task): number {
  return task.kind === "classification" ? task.classes.length : channelCount(task);
}

/**
 * Reads what a fine-tuned run is, without its network.
 *
 * @throws {ConfigError} when the folder is that of another kind of run
 */
export async function describeFinetuned(folder: string): Promise<FinetunedDescription> {
  const found = await RunFolder.readDescription(folder, { verb: "use" });
  const parsed = runSchema.safeParse(found);
  if (parsed.success) return parsed.data;
  const isFinetuned = (found as { kind?: unknown } | null)?.kind === "finetune";
  const problem = isFinetuned ? z.prettifyError(parsed.error) : "its run.json is that of another kind of run";
  throw new ConfigError(`Cannot use ${folder}: expected the folder of a fine-tuned run, but ${problem}`);
}

function buildNetwork(task: Task, { model, options }: Pick<FinetunedDescription, "model" | "options">): Network {
  const sizes = { ...MODEL_PRESETS[model], inChannels: task.modalities.length, classes: outputCount(task) };
  const mode = { training: false };
  switch (task.kind) {
    case "segmentation": {
      const { parameters, forward, dispose } = buildSegmentationModel(sizes, { seed: 0 });
      return { parameters, dispose, forward: (x) => forward(x, mode)[0] };
    }
    case "classification": {
      const { kind: head, hidden } = options.head;
      const { parameters, forward, dispose } = buildClassificationModel({ ...sizes, head, hidden }, { seed: 0 });
      return { parameters, dispose, forward: (x) => forward(x, mode) };
    }
  }
}

/** Loads all weights: a network with some of its values left random would answer, and wrongly. */
async function readWeights(
  file: string,
  { network: { parameters }, task, model }: { network: Network; task: Task; model: string },
): Promise<void> {
  using source = await openFile(file);
  const { tensors } = await openWeights(source, file);
  const { missing, mismatched } = await loadWeights(parameters, tensors.values(), { file });
  if (missing.length + mismatched.length === 0) return;
  const outputs = task.kind === "segmentation" ? "regions" : "classes";
  const network = `${model} with ${task.modalities.length} channels and ${outputCount(task)} ${outputs}`;
  const [first] = mismatched;
  const example = first
    ? `"${first.name}" as ${formatShape(first.got)} in place of ${formatShape(first.expected)}`
    : `no "${missing[0].name}"`;
  const count = missing.length + mismatched.length;
  throw new CheckpointError(
    `Cannot use ${file}: expected the weights of ${network}, got ${example} ` +
      `(${count} of ${parameters.length} parameters do not fit)`,
  );
}

async function hashOf(file: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await readFile(file) as Uint8Array<ArrayBuffer>);
  return new Uint8Array(digest).toHex();
}
