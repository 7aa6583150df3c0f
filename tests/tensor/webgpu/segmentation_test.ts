/** Fine-tuning steps of UNET3D on the GPU: against PyTorch, and in half precision beside 32-bit floats. */
import assert from "node:assert/strict";
import { buildSegmentationModel, MODEL_PRESETS } from "../../../lib/model/mod.ts";
import { selectBackend, takeValues, tf } from "../../../lib/tensor/mod.ts";
import { SegmentationObjective } from "../../../lib/trainer/mod.ts";
import { findPython } from "../../_torch.ts";
import { compareWithTorch } from "../../model/_unet3d_torch.ts";
import { boxSample, PLAIN_SEGMENTATION, TOY_TARGET } from "../../trainer/_labelled_toy.ts";
import { gpuTest } from "./_gpu.ts";

const python = await findPython();

if (python === undefined) {
  Deno.test({
    name: "unet3d with skips has PyTorch's numbers on webgpu (ignored: no python3 with torch here)",
    ignore: true,
    fn: () => {},
  });
} else {
  gpuTest("unet3d with skips has PyTorch's outputs and gradients on webgpu", async (backend) => {
    // Kernels have their own tests with NaN around them.
    backend.poison = false;
    await compareWithTorch(python);
  });
}

async function stepOf(precision: "f32" | "f16-mixed"): Promise<{ loss: number; gradients: Map<string, Float32Array> }> {
  await selectBackend("webgpu", { precision });
  const model = buildSegmentationModel({ ...MODEL_PRESETS["unet3d-tiny"], inChannels: 2, classes: 2 }, { seed: 1 });
  const objective = new SegmentationObjective({ model, target: TOY_TARGET, templates: [] }, PLAIN_SEGMENTATION);
  const place = { seed: 0, epoch: 0, subjects: [0, 1] };
  const samples = ["a", "b"].map((key) => boxSample(key));
  const lossScale = precision === "f32" ? 1 : 1024;
  const { loss, gradients } = await objective.gradients(samples, place, { lossScale });
  const values = new Map<string, Float32Array>();
  for (const [name, gradient] of gradients) {
    values.set(name, await takeValues(tf.div(gradient, lossScale)));
    gradient.dispose();
  }
  model.dispose();
  await selectBackend("webgpu");
  return { loss, gradients: values };
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
}

gpuTest("unet3d with skips in half precision has the loss and gradients of 32-bit floats, nearly", async (backend) => {
  backend.poison = false;
  const full = await stepOf("f32"), mixed = await stepOf("f16-mixed");
  assert.ok(Math.abs(mixed.loss - full.loss) < 2e-3 * full.loss, `${mixed.loss} of ${full.loss}`);
  assert.notEqual(mixed.loss, full.loss);
  // Ten bits of mantissa in a dozen layers, and voxels that cross the kinks of ReLUs: the worst is 0.08.
  const whole = norm(Float32Array.from([...full.gradients.values()].map(norm)));
  for (const [name, expected] of full.gradients) {
    const error = norm(mixed.gradients.get(name)!.map((value, i) => value - expected[i]));
    assert.ok(error <= 0.15 * norm(expected) + 1e-3 * whole, `d${name}: ${error} of ${norm(expected)}`);
  }
});
