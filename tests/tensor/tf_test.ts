/** What the one import of TensorFlow.js must bring along. */
import assert from "node:assert/strict";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import { assertValues } from "./ops/_expect.ts";

await selectBackend("reference");

Deno.test("tf comes with the gradients of its operations", () => {
  tf.tidy(() => {
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.square(tf.relu(x))));
    assertValues(gradient(tf.tensor1d([-1, 2, 3])), [3], [0, 4, 6]);
  });
});

Deno.test("tf comes with its plain backend and keeps quiet about others", () => {
  assert.ok(tf.engine().registryFactory["cpu"]);
  assert.equal(tf.env().getBool("IS_NODE"), false);
});
