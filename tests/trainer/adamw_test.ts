import assert from "node:assert/strict";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor } from "../../lib/tensor/mod.ts";
import { AdamW } from "../../lib/trainer/adamw.ts";
import type { TrainedParameter } from "../../lib/trainer/adamw.ts";
import { assertClose } from "./_toy.ts";

await selectBackend("reference");

const OPTIONS = { beta1: 0.5, beta2: 0.75, epsilon: 0.1, weightDecay: 0.2 };

function parameter(name: string, ...values: number[]): TrainedParameter {
  return { name, variable: tf.tidy(() => tf.variable(tf.tensor1d(values))) };
}

/** Applies gradients by name and frees them. */
function step(optimizer: AdamW, gradients: Readonly<Record<string, number[]>>, learningRate = 0.1): void {
  const tensors = Object.entries(gradients).map(([name, values]): [string, Tensor] => [name, tf.tensor1d(values)]);
  optimizer.apply(new Map(tensors), () => learningRate);
  tf.dispose(tensors.map(([, tensor]) => tensor));
}

/** Runs with parameters a = [1, −2] and b = [3]; frees everything. */
function withOptimizer(task: (optimizer: AdamW, parameters: TrainedParameter[]) => void): void {
  const before = tf.memory().numTensors;
  const parameters = [parameter("a", 1, -2), parameter("b", 3)];
  const optimizer = new AdamW(parameters, OPTIONS);
  task(optimizer, parameters);
  optimizer.dispose();
  tf.dispose(parameters.map(({ variable }) => variable));
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
}

Deno.test("AdamW moves by bias-corrected moments after decaying the weights, step by step as by hand", () =>
  withOptimizer((optimizer, [{ variable }]) => {
    step(optimizer, { a: [2, -4] });
    // Corrected moments of the first step are g and g²: p·(1 − ηλ) − η·g/(|g| + ε).
    [1 * 0.98 - 0.1 * 2 / 2.1, -2 * 0.98 + 0.1 * 4 / 4.1].forEach((expected, i) => {
      assertClose(variable.dataSync()[i], expected);
    });
    const [before] = variable.dataSync();
    step(optimizer, { a: [-1, 0] });
    // m = 0.5·1 − 0.5 = 0, so only the decay is left.
    assertClose(variable.dataSync()[0], before * 0.98);
    const { first, second, steps } = optimizer.moments.get("a")!;
    assert.equal(steps, 2);
    [0, -1].forEach((expected, i) => assertClose(first.dataSync()[i], expected));
    // v = 0.75·(0.25·g₁²) + 0.25·g₂²
    [0.75 * 1 + 0.25, 0.75 * 4].forEach((expected, i) => assertClose(second.dataSync()[i], expected));
  }));

Deno.test("AdamW leaves a parameter without a gradient alone: no decay, no moments, no step", () =>
  withOptimizer((optimizer, [, b]) => {
    step(optimizer, { a: [1, 1] });
    assert.equal(b.variable.dataSync()[0], 3);
    assert.deepEqual([...optimizer.moments.keys()], ["a"]);
    step(optimizer, { a: [1, 1], b: [2] });
    // Its own first step, though it is the run's second.
    assertClose(b.variable.dataSync()[0], 3 * 0.98 - 0.1 * 2 / 2.1);
    assert.deepEqual([...optimizer.moments].map(([name, { steps }]) => [name, steps]), [["a", 2], ["b", 1]]);
  }));

Deno.test("AdamW asks for the learning rate of each parameter by name", () =>
  withOptimizer((optimizer, [a, b]) => {
    const gradients = new Map<string, Tensor>([["a", tf.tensor1d([1, 1])], ["b", tf.tensor1d([1])]]);
    optimizer.apply(gradients, (name) => name === "a" ? 0 : 0.5);
    assert.deepEqual([...a.variable.dataSync()], [1, -2]);
    assertClose(b.variable.dataSync()[0], 3 * 0.9 - 0.5 / 1.1);
    assert.ok([...gradients.values()].every((gradient) => !gradient.isDisposed));
    tf.dispose([...gradients.values()]);
  }));

Deno.test("restore() puts moments and steps back so that the next update is bit-identical", () => {
  const history: Record<string, number[]>[] = [{ a: [0.3, -0.7], b: [0.1] }, { a: [-0.2, 0.4] }, {
    a: [0.9, 0.8],
    b: [-0.6],
  }];
  let expected: number[][] = [];
  let saved: { name: string; values: Float32Array; first: Float32Array; second: Float32Array; steps: number }[] = [];
  withOptimizer((optimizer, parameters) => {
    history.forEach((gradients, i) => {
      if (i === 2) {
        saved = parameters.map(({ name, variable }) => {
          const { first, second, steps } = optimizer.moments.get(name)!;
          const [values, m, v] = [variable, first, second].map((tensor) => tensor.dataSync().slice() as Float32Array);
          return { name, values, first: m, second: v, steps };
        });
      }
      step(optimizer, gradients);
    });
    expected = parameters.map(({ variable }) => [...variable.dataSync()]);
  });
  withOptimizer((optimizer, parameters) => {
    // Moments that are there already are replaced.
    step(optimizer, { a: [5, 5] });
    for (const { name, values, ...moments } of saved) {
      const { variable } = parameters.find((candidate) => candidate.name === name)!;
      tf.tidy(() => variable.assign(tf.tensor1d(values)));
      optimizer.restore(name, moments);
    }
    step(optimizer, history[2]);
    assert.deepEqual(parameters.map(({ variable }) => [...variable.dataSync()]), expected);
  });
});
