/** UNET3D for segmentation beside the same network in PyTorch, written from its description and run in float64. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { bytesSource, encodeSafetensors, openWeights, type Safetensor } from "../../lib/interop/mod.ts";
import { buildSegmentationModel, toOfficialLayout, toOurLayout } from "../../lib/model/mod.ts";
import type { SegmentationModel } from "../../lib/model/mod.ts";
import { randomStream } from "../../lib/random.ts";
import { shapeOf, sizeOf, takeValues, tf } from "../../lib/tensor/mod.ts";
import type { Scalar, Tensor, Tensor5D } from "../../lib/tensor/mod.ts";
import { runs } from "../_torch.ts";
import { officialOrder } from "./_golden.ts";

const SCRIPT = fileURLToPath(new URL("./_unet3d.py", import.meta.url));
/** More channels than groups: alone in its group, a channel's bias would be of no influence. */
const CONFIG = { backbone: "unet3d", initChannels: 16, inChannels: 3, classes: 2 } as const;
/** Voxels (x, y, z). */
const SIZE = [8, 16, 24] as const;

/** Largest difference, of an output's standard deviation. */
const TOLERANCE = 1e-4;
/** Root mean square of the difference, of a gradient's. */
const GRADIENT_TOLERANCE = 1e-4;

/** Seeded values in the official order, `[N, C, x, y, z]`. */
function officialTensor(name: string, shape: readonly number[]): Safetensor {
  const random = randomStream(7, name);
  return { dtype: "F32", shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal()) };
}

/** The same values here, `[N, D, H, W, C]`. */
function ourTensor({ shape, data }: Safetensor): Tensor5D {
  const [n, c, x, y, z] = shape;
  const layout = { shape: [n, z, y, x, c], officialShape: shape, permutation: [0, 4, 3, 2, 1] };
  return tf.tensor(toOurLayout(data as Float32Array, layout), layout.shape as [number, number, number, number, number]);
}

/**
 * Norms and biases of fresh models are 1 and 0, which would hide where they are applied. A norm's bias puts most voxels of
 * its channel clearly on one side of the ReLU after it: rounding then moves hardly any across the kink.
 */
function assignRandom({ parameters }: SegmentationModel): void {
  for (const parameter of parameters) {
    const { name, officialShape, shape, variable } = parameter;
    const random = randomStream(8, name);
    const scale = officialShape.length > 1 ? Math.sqrt(2 / sizeOf(officialShape.slice(1))) : 0.2;
    const centre = (): number => {
      if (/gn\d\.weight$/.test(name)) return 1;
      return !/gn\d\.bias$/.test(name) ? 0 : random.uniform() < 0.3 ? -1.5 : 2.5;
    };
    const values = Float32Array.from({ length: sizeOf(officialShape) }, () => centre() + scale * random.normal());
    tf.tidy(() => variable.assign(tf.tensor(toOurLayout(values, parameter), [...shape])));
  }
}

async function stateOf({ parameters }: SegmentationModel): Promise<[string, Safetensor][]> {
  const state: [string, Safetensor][] = [];
  for (const parameter of parameters) {
    const data = toOfficialLayout(await parameter.variable.data<"float32">(), parameter);
    state.push([parameter.name, { dtype: "F32", shape: parameter.officialShape, data }]);
  }
  return state;
}

/** Runs the script and reads what it saved. */
async function torchResults(
  python: string,
  tensors: ReadonlyMap<string, Safetensor>,
): Promise<(name: string) => Promise<Float64Array>> {
  const folder = await Deno.makeTempDir();
  try {
    const [source, target] = [`${folder}/in.safetensors`, `${folder}/out.pt`];
    await Deno.writeFile(source, new Blob(encodeSafetensors(tensors) as Uint8Array<ArrayBuffer>[]).stream());
    assert.ok(await runs(python, [SCRIPT, source, target]), "the script failed");
    const results = await openWeights(bytesSource(await Deno.readFile(target)), target);
    return async (name) => Float64Array.from(await results.tensors.get(name)!.read() as Float64Array);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function rms(values: ArrayLike<number>): number {
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + value ** 2, 0) / values.length);
}

/** Compares outputs and gradients of both, on the backend in use. */
export async function compareWithTorch(python: string): Promise<void> {
  const model = buildSegmentationModel(CONFIG, { seed: 0 });
  assignRandom(model);
  const input = officialTensor("input", [2, CONFIG.inChannels, ...SIZE]);
  const cotangents = [0, 1, 2].map((i) => officialTensor(`cotangent${i}`, [2, CONFIG.classes, ...SIZE]));
  const expected = await torchResults(
    python,
    new Map([
      ...await stateOf(model),
      ["input", input],
      ...cotangents.map((cotangent, i): [string, Safetensor] => [`cotangent${i}`, cotangent]),
    ]),
  );
  const x = ourTensor(input), weights = cotangents.map(ourTensor);
  const outputs: Tensor[] = [];
  const { value, grads } = tf.variableGrads(() => {
    const logits = model.forward(x, { training: true });
    outputs.push(...logits.map((output) => tf.keep(tf.clone(output as Tensor))));
    return tf.addN(logits.map((output, i) => tf.mean(tf.mul(output, weights[i])) as Scalar)) as Scalar;
  });
  assert.equal(outputs.length, 3);
  const evaluated = model.forward(x, { training: false });
  assert.equal(evaluated.length, 1);
  for (const [i, output] of [...outputs, evaluated[0] as Tensor].entries()) {
    const shape = shapeOf(output);
    const actual = officialOrder(await takeValues(output), { shape, axes: "xyz" });
    assertOutput(actual, await expected(`output${Math.min(i, 2)}`), `output ${i} ${shape}`);
  }
  for (const parameter of model.parameters) {
    const { name, variable } = parameter;
    const actual = toOfficialLayout(await takeValues(grads[variable.name]), parameter);
    const official = await expected(`d${name}`);
    const error = rms(official.map((v, at) => v - actual[at])) / rms(official);
    assert.ok(error <= GRADIENT_TOLERANCE, `d${name}: ${error}`);
  }
  tf.dispose([value, x, ...weights]);
  model.dispose();
}

function assertOutput(actual: Float32Array, official: Float64Array, what: string): void {
  const mean = official.reduce((sum, v) => sum + v, 0) / official.length;
  const deviation = rms(official.map((v) => v - mean));
  const worst = official.reduce((most, v, at) => Math.max(most, Math.abs(v - actual[at])), 0);
  assert.ok(worst <= TOLERANCE * deviation, `${what}: ${worst} of ${deviation}`);
}
