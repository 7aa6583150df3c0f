/** AdamW: two steps by hand, many against a textbook version in double precision. */
import assert from "node:assert/strict";
import { adamwUpdate, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import { randomStream } from "../../../lib/random.ts";
import { assertValues } from "./_expect.ts";

const OPTIONS = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

/** Runs a test with the kernel of every backend, then with the composite. */
async function withEveryImplementation(run: () => void): Promise<void> {
  await selectBackend("simd");
  tf.tidy(run);
  await selectBackend("reference");
  tf.tidy(run);
  const kernel = tf.getKernel("AdamWUpdate", "cpu");
  tf.unregisterKernel("AdamWUpdate", "cpu");
  try {
    tf.tidy(run);
  } finally {
    tf.registerKernel(kernel);
  }
}

/** One update per row of gradients, from parameters and moments of zeros or as given. */
function train(start: readonly number[], gradients: readonly (readonly number[])[], options = OPTIONS): Tensor[] {
  let state: Tensor[] = [tf.tensor1d([...start]), tf.zeros([start.length]), tf.zeros([start.length])];
  gradients.forEach((row, i) => {
    const [parameter, firstMoment, secondMoment] = state;
    const inputs = { parameter, gradient: tf.tensor1d([...row]), firstMoment, secondMoment };
    state = adamwUpdate(inputs, { ...options, step: i + 1 });
  });
  return state;
}

/** The algorithm as published, in float64. */
function textbook(start: readonly number[], gradients: readonly (readonly number[])[]): number[] {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = OPTIONS;
  return start.map((initial, i) => {
    let theta = initial, m = 0, v = 0;
    gradients.forEach((row, k) => {
      m = beta1 * m + (1 - beta1) * row[i];
      v = beta2 * v + (1 - beta2) * row[i] ** 2;
      const mHat = m / (1 - beta1 ** (k + 1)), vHat = v / (1 - beta2 ** (k + 1));
      theta -= learningRate * (mHat / (Math.sqrt(vHat) + epsilon) + weightDecay * theta);
    });
    return theta;
  });
}

Deno.test("adamwUpdate() takes two steps as computed by hand", async () => {
  await withEveryImplementation(() => {
    // 1·(1 − 0.001) − 0.1·sign, then 0.899·0.999 − 0.1·(0.02/0.19)/√(0.00031225/0.001999).
    const [first] = train([1], [[0.5]]);
    assertValues(first, [1], [0.899]);
    const [parameter, firstMoment, secondMoment] = train([1], [[0.5], [-0.25]]);
    assertValues(parameter, [1], [0.8714671]);
    assertValues(firstMoment, [1], [0.02]);
    assertValues(secondMoment, [1], [0.00031225]);
  });
});

Deno.test("adamwUpdate() follows the published algorithm over many steps", async () => {
  const random = randomStream(1, "gradients");
  const start = Array.from({ length: 7 }, () => random.normal());
  const gradients = Array.from({ length: 40 }, () => start.map(() => 3 * random.normal()));
  const expected = textbook(start, gradients);
  await withEveryImplementation(() => {
    const actual = train(start, gradients)[0].dataSync();
    expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < 1e-5, `[${i}]: ${actual[i]}, not ${value}`));
  });
});

Deno.test("adamwUpdate() decays weights apart from the moments", async () => {
  await withEveryImplementation(() => {
    const [parameter, firstMoment, secondMoment] = train([2, -3], [[0, 0], [0, 0]]);
    assertValues(parameter, [2], [2 * 0.999 ** 2, -3 * 0.999 ** 2]);
    assertValues(firstMoment, [2], [0, 0]);
    assertValues(secondMoment, [2], [0, 0]);
  });
});

Deno.test("adamwUpdate() leaves a parameter alone without gradient and decay, and its inputs in any case", async () => {
  await withEveryImplementation(() => {
    assertValues(train([2], [[0]], { ...OPTIONS, weightDecay: 0 })[0], [1], [2]);
    const inputs = {
      parameter: tf.ones([1, 2]),
      gradient: tf.ones([1, 2]),
      firstMoment: tf.zeros([1, 2]),
      secondMoment: tf.zeros([1, 2]),
    };
    const [parameter] = adamwUpdate(inputs, { ...OPTIONS, step: 1 });
    assertValues(inputs.parameter, [1, 2], [1, 1]);
    assertValues(parameter, [1, 2], [0.899, 0.899]);
  });
});

Deno.test("adamwUpdate() with coupled decay adds it to the gradient, so that the moments see it", async () => {
  await withEveryImplementation(() => {
    const options = { ...OPTIONS, decay: "coupled" as const };
    // g = 0.5 + 0.01·2 = 0.52: the first step is the learning rate, whatever the gradient's size.
    const [parameter, firstMoment, secondMoment] = train([2], [[0.5]], options);
    assertValues(parameter, [1], [1.9]);
    assertValues(firstMoment, [1], [0.052]);
    assertValues(secondMoment, [1], [0.001 * 0.52 ** 2]);
    // Without a gradient the decay alone moves the parameter by the learning rate.
    assertValues(train([2, -3], [[0, 0]], options)[0], [2], [1.9, -2.9]);
  });
});

Deno.test("adamwUpdate() with coupled decay agrees with torch.optim.Adam(lr=0.01, weight_decay=0.1) over three steps", async () => {
  await withEveryImplementation(() => {
    const options = { ...OPTIONS, learningRate: 0.01, weightDecay: 0.1, decay: "coupled" as const };
    const gradients = [[0.3, -0.7, 0], [-0.2, 0.4, 0.1], [0.9, 0.8, -0.6]];
    const [parameter] = train([1, -2, 0.5], gradients, options);
    assertValues(parameter, [3], [0.97804284, -1.9853934, 0.48501459]);
  });
});
