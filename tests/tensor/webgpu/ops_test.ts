/** Every op and case on the GPU: value and gradients against tfjs's autodiff of the op's reference on the CPU. */
import assert from "node:assert/strict";
import { OPS, selectBackend } from "../../../lib/tensor/mod.ts";
import { relativeError } from "../_ops.ts";
import { gpuTest } from "./_gpu.ts";
import { valuesOf } from "./_values.ts";

const FORWARD_TOLERANCE = 1e-4;
const GRADIENT_TOLERANCE = 1e-3;

for (const entry of OPS) {
  for (const opCase of entry.cases) {
    const title = `equals its reference on webgpu, value and gradients: ${opCase.title}`;
    gpuTest(`${entry.definition.name}() ${title}`, async () => {
      const actual = await valuesOf(entry, opCase, (inputs) => entry.apply(inputs, opCase.attributes));
      // On the CPU: TensorFlow.js's own kernels for WebGPU are wrong for some of these shapes.
      await selectBackend("reference");
      const expected = await valuesOf(
        entry,
        opCase,
        (inputs) => entry.definition.reference(inputs, opCase.attributes),
      );
      for (const [name, values] of expected) {
        const { error, text } = relativeError(actual.get(name)!, values);
        assert.ok(error <= (name === "output" ? FORWARD_TOLERANCE : GRADIENT_TOLERANCE), `${name}: ${text}`);
      }
    });
  }
}
