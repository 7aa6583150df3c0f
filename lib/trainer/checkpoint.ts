/** A run's state as tensors and text: everything needed to go on exactly where it stopped. */
import { z } from "zod";
import { CheckpointError, formatShape } from "../errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../interop/mod.ts";
import type { Safetensor } from "../interop/mod.ts";
import { toOfficialLayout, toOurLayout } from "../model/mod.ts";
import type { Parameter } from "../model/mod.ts";
import { sizeOf, tf } from "../tensor/mod.ts";
import type { AdamW } from "./adamw.ts";
import { lossScaleSchema } from "./loss_scale.ts";

const place = z.strictObject({ epoch: z.int().nonnegative(), index: z.int().nonnegative() });

/** What a checkpoint holds beside tensors. */
const stateSchema = z.strictObject({
  format: z.literal(1),
  /** The next batch. */
  next: place,
  /** Optimiser updates done. */
  updates: z.int().nonnegative(),
  /** Records in metrics.jsonl that belong to this state. */
  records: z.int().nonnegative(),
  /** Epoch since which contrastive learning is on; null while it is off. */
  contrastiveSince: z.int().nullable(),
  /** Epoch of the last look at the templates' change; null before the first. */
  templatesSeenAt: z.int().nullable(),
  /** The best validation so far, of runs that keep the best weights. */
  best: z.strictObject({ epoch: z.int().nonnegative(), score: z.array(z.number()) }).nullable().optional(),
  /** The scale of the losses, of runs in mixed precision. */
  lossScale: lossScaleSchema.optional(),
  /** Updates of each parameter. */
  optimizerSteps: z.record(z.string(), z.int().positive()),
  /** Fingerprint of the options that shape the numbers. */
  options: z.string(),
});

/** See {@linkcode stateSchema}. */
export type TrainerState = z.output<typeof stateSchema>;

/** A checkpoint as bytes: a safetensors file in chunks, and JSON text. */
export interface Checkpoint {
  readonly tensors: readonly Uint8Array[];
  readonly state: string;
}

/** Weights and buffers under their official names and in their memory order. */
export async function officialState(parameters: readonly Parameter[]): Promise<Map<string, Safetensor>> {
  const state = new Map<string, Safetensor>();
  for (const parameter of parameters) {
    const data = toOfficialLayout(await valuesOf(parameter.variable), parameter);
    state.set(parameter.name, { dtype: "F32", shape: parameter.officialShape, data });
  }
  return state;
}

/** Live objects that a checkpoint is taken of and put back into. */
export interface CheckpointParts {
  /** Weights, buffers and templates. */
  readonly parameters: readonly Parameter[];
  readonly optimizer: AdamW;
  /** Normalised templates at the last look at their change, by modality. */
  readonly seenTemplates: Map<string, Float32Array>;
}

const FIRST = "adamw.first.";
const SECOND = "adamw.second.";
const SEEN = "templates.seen.";

/**
 * Takes a checkpoint. Weights carry their official names and memory order, so that PyTorch reads them directly; the
 * optimiser's moments follow as `adamw.first.NAME` and `adamw.second.NAME`.
 */
export async function takeCheckpoint(
  parts: CheckpointParts,
  state: Omit<TrainerState, "format" | "optimizerSteps">,
): Promise<Checkpoint> {
  const tensors = new Map<string, Safetensor>();
  const add = (name: string, values: Float32Array, shape: readonly number[]): void => {
    tensors.set(name, { dtype: "F32", shape, data: values });
  };
  const official = (values: Float32Array, parameter: Parameter): [Float32Array, readonly number[]] => {
    return [toOfficialLayout(values, parameter), parameter.officialShape];
  };
  for (const parameter of parts.parameters) {
    add(parameter.name, ...official(await valuesOf(parameter.variable), parameter));
    const moments = parts.optimizer.moments.get(parameter.name);
    if (!moments) continue;
    add(FIRST + parameter.name, ...official(await valuesOf(moments.first), parameter));
    add(SECOND + parameter.name, ...official(await valuesOf(moments.second), parameter));
  }
  for (const [modality, values] of parts.seenTemplates) add(SEEN + modality, values, [values.length]);
  const optimizerSteps = Object.fromEntries([...parts.optimizer.moments].map(([name, { steps }]) => [name, steps]));
  const full: TrainerState = { format: 1, ...state, optimizerSteps };
  return { tensors: encodeSafetensors(tensors), state: JSON.stringify(full, null, 1) };
}

/**
 * Puts a checkpoint back.
 *
 * @param file name for messages
 * @throws {CheckpointError} when it is damaged, incomplete or belongs to another model; nothing is changed then
 */
export function restoreCheckpoint(
  parts: CheckpointParts,
  { tensors, state: text, file }: { tensors: Uint8Array; state: string; file: string },
): TrainerState {
  const state = parseState(text, file);
  const saved = decodeSafetensors(tensors, file).tensors;
  const take = (name: string, shape: readonly number[]): Float32Array => {
    const tensor = saved.get(name);
    if (!tensor || tensor.dtype !== "F32" || String(tensor.shape) !== String(shape)) {
      const found = tensor ? `${tensor.dtype} ${formatShape(tensor.shape)}` : "none";
      throw new CheckpointError(
        `Cannot resume from ${file}: expected "${name}" F32 ${formatShape(shape)}, got ${found}`,
      );
    }
    return tensor.data;
  };
  const official = (name: string, parameter: Parameter): Float32Array => {
    return toOurLayout(take(name, parameter.officialShape), parameter);
  };
  // Everything is read before anything is changed.
  const restored = parts.parameters.map((parameter) => {
    const { name } = parameter;
    const steps = state.optimizerSteps[name];
    const moments = steps === undefined
      ? null
      : { first: official(FIRST + name, parameter), second: official(SECOND + name, parameter), steps };
    return { parameter, values: official(name, parameter), moments };
  });
  for (const { parameter, values, moments } of restored) {
    tf.tidy(() => parameter.variable.assign(tf.tensor(values, [...parameter.shape])));
    if (moments) parts.optimizer.restore(parameter.name, moments);
  }
  for (const [name, tensor] of saved) {
    if (name.startsWith(SEEN)) parts.seenTemplates.set(name.slice(SEEN.length), take(name, [sizeOf(tensor.shape)]));
  }
  return state;
}

/** The model of a checkpoint, without what only training needs. */
export interface CheckpointModel {
  /** Weights, buffers and templates under official names, in the official memory order. */
  readonly state: Map<string, Safetensor>;
  /** Names of the weights that the optimiser has moved. */
  readonly trained: ReadonlySet<string>;
}

/**
 * Separates the model from the optimiser's moments and the notes on the templates.
 *
 * Counts of batches, which are floats here like every variable, become 64-bit integers as in PyTorch's state dicts.
 *
 * @param tensors all of a checkpoint
 */
export function modelOfCheckpoint(tensors: ReadonlyMap<string, Safetensor>): CheckpointModel {
  const state = new Map<string, Safetensor>();
  const trained = new Set<string>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith(FIRST)) trained.add(name.slice(FIRST.length));
    else if (!name.startsWith(SECOND) && !name.startsWith(SEEN)) state.set(name, withIntegerCount(name, tensor));
  }
  return { state, trained };
}

function withIntegerCount(name: string, tensor: Safetensor): Safetensor {
  if (!name.endsWith("num_batches_tracked") || tensor.dtype !== "F32") return tensor;
  return { dtype: "I64", shape: tensor.shape, data: BigInt64Array.from(tensor.data, BigInt) };
}

/**
 * Reads the text part of a checkpoint.
 *
 * @throws {CheckpointError} when it is not JSON or not a trainer's state
 */
export function parseState(text: string, file: string): TrainerState {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : "it is not JSON";
    throw new CheckpointError(
      `Cannot resume from ${file}: expected a trainer's state, got text that is none: ${reason}`,
      {
        cause,
      },
    );
  }
}

async function valuesOf(variable: Parameter["variable"]): Promise<Float32Array> {
  return await variable.data() as Float32Array;
}
