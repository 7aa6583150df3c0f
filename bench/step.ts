/** Times whole training steps of the official recipe with the trainer's own functions. */
import { resolveConfig } from "../lib/config.ts";
import { MODALITIES } from "../lib/dataset/mod.ts";
import { buildPretrainModel, MODEL_PRESETS } from "../lib/model/mod.ts";
import { randomStream } from "../lib/random.ts";
import { Templates } from "../lib/templates/mod.ts";
import { tf } from "../lib/tensor/mod.ts";
import type { GpuBackend, GpuUse } from "../lib/tensor/webgpu/backend.ts";
import type { GpuSpan } from "../lib/tensor/webgpu/timeline.ts";
import { AdamW } from "../lib/trainer/adamw.ts";
import { finishGradients } from "../lib/trainer/gradients.ts";
import { batchGradients } from "../lib/trainer/step.ts";
import type { StepParts } from "../lib/trainer/step.ts";
import type { ViewSample } from "../lib/trainer/views.ts";
import { RECIPES, recipeSchema } from "../recipes/mod.ts";
import type { ResolvedRecipe } from "../recipes/mod.ts";
import type { KernelCall, KernelProfile, KernelTime } from "./profile.ts";
import type { GpuShare } from "./results.ts";
import { summarise } from "./timing.ts";
import type { Timing } from "./timing.ts";

/** Networks whose step can be timed. */
export const BACKBONES = ["uniformer", "unet3d"] as const;

/** One of {@linkcode BACKBONES}. */
export type Backbone = (typeof BACKBONES)[number];

const PRESETS = { uniformer: "uniformer-small", unet3d: "unet3d" } as const;

/** Multiply-adds of one view's forward pass at 96³, counted on the official code. */
const FORWARD_MACS: Readonly<Record<Backbone, number>> = { uniformer: 68.8e9, unet3d: 244.3e9 };

/** Operations of the official network in a step of one crop: two views, the backward pass counting as two forward ones; 96³ only. */
export function flopsOfStep(backbone: Backbone, size: number): number | null {
  return size === 96 ? 2 * 2 * 3 * FORWARD_MACS[backbone] : null;
}

/** The official recipe with a backbone and a crop of `size`³ voxels. */
export function officialRecipe(backbone: Backbone, size: number): ResolvedRecipe {
  const assignments = [`model=${PRESETS[backbone]}`, `cropSize=[${size},${size},${size}]`];
  return resolveConfig(recipeSchema, RECIPES.official.recipe, { assignments });
}

/** How often steps are timed, and who listens. */
export interface StepOptions {
  readonly repeats: number;
  readonly profile: KernelProfile;
  /** Hears of every step. */
  report(ms: number, place: { done: number; total: number }): void;
  /** Whether one more step is timed call by call. */
  readonly trace?: boolean;
}

/** Times, and where they went. */
export interface StepTimes {
  readonly timing: Timing;
  readonly parameters: number;
  readonly kernels: readonly KernelTime[];
  /** The host's part on a GPU; null elsewhere. */
  readonly gpu: GpuShare | null;
  /** One more step, timed call by call; not there unless it was asked for. */
  readonly trace?: { readonly host: readonly KernelCall[]; readonly gpu: readonly GpuSpan[] };
}

/** Steps before the timed ones: they compile code, and make the optimiser's moments. */
const WARM_UP_STEPS = 1;

/** Trains on one crop of random voxels: B = 1, two views, 10·MD + CMR, AdamW of network and templates. */
export async function benchStep(
  recipe: ResolvedRecipe,
  { repeats, profile, report, trace }: StepOptions,
): Promise<StepTimes> {
  const training = openTraining(recipe);
  const gpu = gpuBackend();
  let before = gpu?.use;
  const total = WARM_UP_STEPS + repeats;
  const times: number[] = [];
  for (let index = 0; index < total; index++) {
    if (index === WARM_UP_STEPS) {
      profile.take();
      before = gpu?.use;
    }
    const start = performance.now();
    await training.step(index);
    await gpu?.finish();
    times.push(performance.now() - start);
    report(times[index], { done: index + 1, total });
  }
  const share = gpu && shareOf([before!, gpu.use], times.slice(WARM_UP_STEPS));
  const kernels = profile.take().map(({ name, calls, ms }) => ({ name, calls: calls / repeats, ms: ms / repeats }));
  const traced = trace ? await traceStep(() => training.step(total), { profile, gpu }) : undefined;
  training.close();
  const timing = summarise(times.slice(WARM_UP_STEPS));
  return { timing, parameters: training.parameters, kernels, gpu: share, trace: traced };
}

function gpuBackend(): GpuBackend | null {
  return tf.getBackend() === "webgpu" ? tf.backend() as unknown as GpuBackend : null;
}

/** Dispatches and submissions of a step, and the share of its time in which the host did not wait for values. */
function shareOf([before, after]: readonly [GpuUse, GpuUse], times: readonly number[]): GpuShare {
  const total = times.reduce((sum, ms) => sum + ms, 0);
  const perStep = (name: "dispatches" | "submissions" | "buffers" | "bindGroups"): number => {
    return (after[name] - before[name]) / times.length;
  };
  return {
    dispatches: perStep("dispatches"),
    submissions: perStep("submissions"),
    buffers: perStep("buffers"),
    bindGroups: perStep("bindGroups"),
    allocatedBytes: after.allocatedBytes,
    hostShare: 1 - (after.waitMs - before.waitMs) / total,
  };
}

async function traceStep(
  step: () => Promise<void>,
  { profile, gpu }: { profile: KernelProfile; gpu: GpuBackend | null },
): Promise<StepTimes["trace"]> {
  const hasTimes = gpu?.device.features.has("timestamp-query");
  if (hasTimes) gpu!.startTimeline();
  const host = await profile.record(step);
  return { host, gpu: hasTimes ? await gpu!.takeTimeline() : [] };
}

interface Training {
  /** Trained values of the network. */
  readonly parameters: number;
  step(index: number): Promise<void>;
  close(): void;
}

function openTraining(recipe: ResolvedRecipe): Training {
  const { method, optimizer, run: { recomputeBlocks }, seed, templates: { size, epsilon } } = recipe;
  const model = buildPretrainModel(MODEL_PRESETS[recipe.model], { seed });
  const templates = new Templates({ modalities: MODALITIES, size, epsilon });
  const network = model.parameters.filter(({ trainable }) => trainable);
  const parameters = [...network, templates.parameter];
  const parts: StepParts = { model, templates, parameters };
  const adamw = new AdamW(parameters, optimizer);
  const samples = [randomSample(recipe)];
  // Past the epochs in which both views are filled from the template, before contrastive learning.
  const epoch = method.templateFillUntilEpoch + 1;
  return {
    parameters: network.reduce((sum, { variable }) => sum + variable.size, 0),
    async step(index) {
      const place = { seed, epoch, index };
      const options = { method, place, contrastive: false, recomputeBlocks };
      const { gradients: sums } = await batchGradients(samples, parts, options);
      const { gradients } = await finishGradients(sums, { templates, ...method, ...optimizer, accumulationSteps: 1 });
      adamw.apply(gradients, () => optimizer.learningRate);
      tf.dispose([...gradients.values()]);
    },
    close() {
      adamw.dispose();
      templates.dispose();
      model.dispose();
    },
  };
}

/** Four sequences of noise in [0, 1], in the middle of the templates. */
function randomSample({ cropSize, templates: { size } }: ResolvedRecipe): ViewSample {
  const modalities = ["flair", "t1", "t1c", "t2"];
  const random = randomStream(0, "benchmark voxels");
  const voxels = new Float32Array(modalities.length * cropSize[0] * cropSize[1] * cropSize[2]);
  for (let i = 0; i < voxels.length; i++) voxels[i] = random.uniform();
  const start = (axis: number): number => Math.floor((size[axis] - cropSize[axis]) / 2);
  return { modalities, voxels, cropSize, templateStart: [start(0), start(1), start(2)] };
}
