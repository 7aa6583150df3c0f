/**
 * Counts what a step of the official recipe computes and exchanges, and models what it costs on many ranks.
 *
 * deno run -P=pretrain --v8-flags=… bench/scaling.ts
 */
import { MODALITIES } from "../lib/dataset/mod.ts";
import { buildPretrainModel, MODEL_PRESETS } from "../lib/model/mod.ts";
import type { PretrainModel } from "../lib/model/mod.ts";
import { SINGLE_RANK } from "../lib/communicator.ts";
import type { Communicator } from "../lib/communicator.ts";
import { randomStream } from "../lib/random.ts";
import { Templates } from "../lib/templates/mod.ts";
import { selectBackend, tf } from "../lib/tensor/mod.ts";
import { OPS } from "../lib/tensor/ops/mod.ts";
import type { Tensor } from "../lib/tensor/mod.ts";
import { batchGradients } from "../lib/trainer/step.ts";
import type { ViewSample } from "../lib/trainer/views.ts";
import type { ResolvedRecipe } from "../recipes/mod.ts";
import { type Backbone, BACKBONES, officialRecipe } from "./step.ts";

/** What a step of the official recipe works with, but for its crop's edge. */
export function officialParts(backbone: Backbone, edge: number): {
  model: PretrainModel;
  templates: Templates;
  sample: ViewSample;
  recipe: ResolvedRecipe;
} {
  const recipe = officialRecipe(backbone, edge);
  const random = randomStream(2, "crop");
  const modalities = ["t1", "t2", "flair", "t1c"];
  const voxels = Float32Array.from({ length: modalities.length * edge ** 3 }, () => random.uniform());
  return {
    recipe,
    model: buildPretrainModel(MODEL_PRESETS[recipe.model], { seed: 0 }),
    templates: new Templates({
      modalities: MODALITIES,
      size: recipe.templates.size,
      epsilon: recipe.templates.epsilon,
    }),
    sample: { modalities, voxels, cropSize: [edge, edge, edge], templateStart: [40, 40, 20] },
  };
}

/** What one rank computes and says in a step. */
interface StepCounts {
  readonly flops: number;
  readonly weightBytes: number;
  readonly templateBytes: number;
  /** Sums that are waited for within the pass, and their bytes. */
  readonly exchanges: number;
  readonly exchangeBytes: number;
  /** Bytes of features that a rank gives to all others. */
  readonly featureBytes: number;
}

/** Operations of one forward op, a multiply-add counting as two. */
function flopsOf(name: string, inputs: Record<string, Tensor | undefined>, output: Tensor): number {
  const size = (tensor: Tensor | undefined): number => tensor?.size ?? 0;
  const { x, weight, weight1, weight2, qkv } = inputs;
  if (name === "conv3d") return 2 * size(weight) * output.size / output.shape[4]!;
  if (name === "depthwiseConv3d") return 2 * size(weight) * output.size / output.shape[4]!;
  if (name === "linear") return 2 * size(x) * weight!.shape[1]!;
  if (name === "mlp") return 2 * size(x) / x!.shape[x!.rank - 1]! * (size(weight1) + size(weight2));
  if (name !== "selfAttention") return 0;
  const [batch, tokens, width] = qkv!.shape;
  return 4 * batch * tokens ** 2 * width! / 3;
}

/** Runs a step with one crop per rank and counts; the ranks' sums are not carried out. */
async function countStep(backbone: Backbone, edge: number): Promise<StepCounts> {
  const { model, templates, sample, recipe } = officialParts(backbone, edge);
  let flops = 0, exchanges = 0, exchangeBytes = 0, featureBytes = 0;
  const forwards = OPS.map(({ definition }) => definition.forward);
  OPS.forEach(({ definition }) => {
    const { forward, name } = definition;
    Object.assign(definition, {
      forward(...[inputs, attributes]: Parameters<typeof forward>) {
        const result = forward(inputs, attributes);
        flops += flopsOf(name, inputs, result.output);
        return result;
      },
    });
  });
  const counting: Communicator = {
    ...SINGLE_RANK,
    size: 2,
    allReduceSum(values) {
      exchanges++;
      exchangeBytes += values.byteLength;
    },
    allGather(values) {
      featureBytes += values.byteLength;
      return [values.slice(), values.slice()];
    },
  };
  const parameters = model.parameters.filter(({ trainable }) => trainable);
  const { gradients } = await batchGradients([sample], { model, templates, parameters, communicator: counting }, {
    method: recipe.method,
    place: { seed: 1, epoch: 1000, index: 0 },
    contrastive: true,
  });
  const weightBytes = [...gradients.values()].reduce((sum, { size }) => sum + 4 * size, 0);
  const templateBytes = 4 * templates.variable.size;
  tf.dispose([...gradients.values()]);
  OPS.forEach(({ definition }, i) => Object.assign(definition, { forward: forwards[i] }));
  model.dispose();
  templates.dispose();
  // The backward pass of a product is two products of its size.
  return { flops: 3 * flops, weightBytes, templateBytes, exchanges, exchangeBytes, featureBytes };
}

/** A network: seconds until a message is there, bytes per second of a rank. */
interface Network {
  readonly name: string;
  readonly latency: number;
  readonly bandwidth: number;
}

const NETWORKS: readonly Network[] = [
  { name: "10 Gbit/s Ethernet", latency: 25e-6, bandwidth: 1.25e9 },
  { name: "100 Gbit/s InfiniBand", latency: 2e-6, bandwidth: 12.5e9 },
];

/** Seconds that a rank computes for one crop: as measured on the CPU here, and of a GPU that sustains 10 TFLOP/s. */
function computeTimes({ flops }: StepCounts, backbone: Backbone): Record<string, number> {
  return { "2 CPU cores": backbone === "uniformer" ? 7.45 : 19.9, "10 TFLOP/s": flops / 1e13 };
}

const WORLDS = [1, 8, 64, 512];

/** Ring all-reduce: every byte passes twice through every rank. */
function ring(bytes: number, world: number, { latency, bandwidth }: Network): number {
  return world === 1 ? 0 : 2 * (world - 1) * latency + 2 * (world - 1) / world * bytes / bandwidth;
}

/** Small sums by recursive doubling. */
function small(counts: StepCounts, world: number, { latency, bandwidth }: Network): number {
  return Math.ceil(Math.log2(world)) * (counts.exchanges * latency + counts.exchangeBytes / bandwidth);
}

/** Seconds of a step on so many ranks, one crop each; weights' gradients hide behind two thirds of the computation. */
function stepTime(
  counts: StepCounts,
  compute: number,
  { world, network }: { world: number; network: Network },
): number {
  const hidden = Math.max(0, ring(counts.weightBytes, world, network) - 2 / 3 * compute);
  const features = (world - 1) * counts.featureBytes / network.bandwidth;
  return compute + hidden + ring(counts.templateBytes, world, network) + small(counts, world, network) + features;
}

function printModel(backbone: Backbone, counts: StepCounts): void {
  console.log(
    "\n| ranks compute on | network | " + WORLDS.map((world) => `${world} ranks, s`).join(" | ") +
      " | efficiency at 512 |",
  );
  console.log("| --- | --- | " + WORLDS.map(() => "---:").join(" | ") + " | ---: |");
  for (const [name, compute] of Object.entries(computeTimes(counts, backbone))) {
    for (const network of NETWORKS) {
      const times = WORLDS.map((world) => stepTime(counts, compute, { world, network }));
      const cells = times.map((time) => time.toPrecision(3));
      console.log(`| ${name} | ${network.name} | ${cells.join(" | ")} | ${(100 * times[0] / times[3]).toFixed(0)} % |`);
    }
  }
}

async function main(): Promise<void> {
  await selectBackend("simd");
  for (const backbone of BACKBONES) {
    const counts = await countStep(backbone, 96);
    console.log(`\n${backbone}, one 96³ crop: ${JSON.stringify(counts)}`);
    printModel(backbone, counts);
  }
}

if (import.meta.main) await main();
