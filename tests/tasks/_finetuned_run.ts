/** Small fine-tuned runs as they lie on the disk, with fresh weights. */
import { encodeSafetensors, type Safetensor } from "../../lib/interop/mod.ts";
import {
  buildClassificationModel,
  buildSegmentationModel,
  MODEL_PRESETS,
  type Parameter,
  toOfficialLayout,
} from "../../lib/model/mod.ts";
import { type TaskInput, taskSchema } from "../../recipes/tasks/mod.ts";
import type { FinetuneRecipe } from "../../recipes/finetune/mod.ts";

/** Tumour core and whole tumour from two sequences. */
export const TUMOUR: TaskInput = {
  kind: "segmentation",
  name: "tiny-tumour",
  title: "Core and whole tumour",
  modalities: ["t2", "t1"],
  regions: [{ name: "core", labels: [1] }, { name: "whole", labels: [1, 2] }],
};

/** Two classes from two sequences. */
export const CLASSES: TaskInput = {
  kind: "classification",
  name: "tiny-class",
  title: "Healthy or not",
  modalities: ["t2", "t1"],
  classes: ["healthy", "ill, or worse"],
};

/** Crops of 16³ on the scans' own grid. */
export const OPTIONS: FinetuneRecipe = {
  model: "uniformer-tiny",
  cropSize: [16, 16, 16],
  preprocess: { spacingMm: null },
  head: { kind: "mlp", hidden: 8 },
};

/** Builds a tiny network for a task; a backend must be in use. */
export function tinyParameters(task: TaskInput): readonly Parameter[] {
  const preset = MODEL_PRESETS["uniformer-tiny"];
  const inChannels = task.modalities.length;
  if (task.kind === "classification") {
    const sizes = { ...preset, inChannels, classes: task.classes.length, head: "mlp", hidden: 8 } as const;
    return buildClassificationModel(sizes, { seed: 3 }).parameters;
  }
  const classes = task.regions.length + (task.output === "softmax" ? 1 : 0);
  return buildSegmentationModel({ ...preset, inChannels, classes }, { seed: 3 }).parameters;
}

/** Parameters as the bytes of weights.safetensors. */
export function encodeParameters(parameters: readonly Parameter[]): Uint8Array<ArrayBuffer> {
  const tensors = parameters.map((parameter): [string, Safetensor] => {
    const data = toOfficialLayout(parameter.variable.dataSync() as Float32Array, parameter);
    return [parameter.name, { dtype: "F32", shape: parameter.officialShape, data }];
  });
  return concatenate(encodeSafetensors(new Map(tensors), { format: "pt" }));
}

/** A template per modality, each of one value everywhere, as the bytes of templates.safetensors. */
export function encodeConstantTemplates(values: Readonly<Record<string, number>>): Uint8Array<ArrayBuffer> {
  const modalities = Object.keys(values);
  const data = Float32Array.from({ length: 1000 * modalities.length }, (_, i) => values[modalities[i / 1000 | 0]]);
  const tensor: Safetensor = { dtype: "F32", shape: [modalities.length, 10, 10, 10], data };
  return concatenate(encodeSafetensors(new Map([["rep_template", tensor]]), { modalities: modalities.join(" ") }));
}

/** Writes a run; what is given replaces the default content of its files. */
export function writeFinetuned(
  folder: string,
  { task = TUMOUR, run = {}, weights, templates }: {
    task?: TaskInput;
    run?: Readonly<Record<string, unknown>>;
    weights?: Uint8Array;
    templates?: Uint8Array;
  } = {},
): void {
  Deno.mkdirSync(folder, { recursive: true });
  const description = {
    kind: "finetune",
    task: taskSchema.parse(task),
    model: "uniformer-tiny",
    options: OPTIONS,
    backend: "simd",
    environment: {},
    ...run,
  };
  Deno.writeTextFileSync(`${folder}/run.json`, JSON.stringify(description));
  Deno.writeFileSync(`${folder}/weights.safetensors`, weights ?? encodeParameters(tinyParameters(task)));
  if (templates) Deno.writeFileSync(`${folder}/templates.safetensors`, templates);
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
