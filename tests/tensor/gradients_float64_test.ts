/** Every op and case: gradients of the plain kernels against central differences in float64. */
import "./_float64.ts";
import assert from "node:assert/strict";
import { OPS, selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor } from "../../lib/tensor/mod.ts";
import { randomStream } from "../../lib/random.ts";
import { caseInputs, evaluate, outputWeights } from "./_ops.ts";

await selectBackend("reference");

const STEP = 1e-5;
const TOLERANCE = 1e-7;
/** Larger cases exist for speed; their gradients are compared with the reference's in ops_test.ts. */
const LARGEST_CASE = 20_000;
/** Entries probed per input. */
const PROBES = 6;

/** d(Σ run()·weights)/dx[index] by a central difference. */
function centralDifference(run: (x: Tensor) => Tensor, x: Tensor, index: number): number {
  const at = (offset: number): number =>
    tf.tidy(() => {
      const values = Float64Array.from(x.dataSync());
      values[index] += offset;
      const output = run(tf.tensor(values as unknown as Float32Array, x.shape));
      return tf.sum(tf.mul(output, tf.tensor(outputWeights(output.size), output.shape))).dataSync()[0];
    });
  return (at(STEP) - at(-STEP)) / (2 * STEP);
}

Deno.test("this process computes in float64", () => {
  assert.equal(tf.add(tf.scalar(1), tf.scalar(1e-12)).dataSync()[0], 1 + 1e-12);
});

for (const entry of OPS) {
  for (const opCase of entry.cases) {
    const values = Object.values(opCase.shapes).map((shape) => shape.reduce((product, size) => product * size, 1));
    if (Math.max(...values) > LARGEST_CASE) continue;
    Deno.test(`${entry.definition.name}() has the gradient of central differences: ${opCase.title}`, () => {
      tf.tidy(() => {
        const inputs = caseInputs(opCase);
        const apply = (values: Record<string, Tensor>): Tensor => entry.apply(values, opCase.attributes);
        const { gradients } = evaluate(apply, entry, inputs);
        for (const [name, gradient] of Object.entries(gradients)) {
          const analytic = gradient.dataSync() as Float32Array;
          const scale = analytic.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
          const random = randomStream(3, `probe-${name}`);
          for (let probe = 0; probe < PROBES; probe++) {
            const index = random.integer(analytic.length);
            const numeric = centralDifference((x) => apply({ ...inputs, [name]: x }), inputs[name], index);
            const error = Math.abs(numeric - analytic[index]) / scale;
            assert.ok(error <= TOLERANCE, `d${name}[${index}]: analytic ${analytic[index]}, numeric ${numeric}`);
          }
        }
      });
    });
  }
}
