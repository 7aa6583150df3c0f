/** Logits to probabilities: values by hand, and logits that would overflow. */
import assert from "node:assert/strict";
import { toProbabilities } from "../../lib/inference/mod.ts";

Deno.test("toProbabilities() takes each logit by itself with sigmoid, in place", () => {
  const logits = [Float32Array.of(0, Math.log(3)), Float32Array.of(-1000, 1000)];
  const result = toProbabilities(logits, "sigmoid");
  assert.equal(result[0], logits[0]);
  assert.deepEqual([...result[0]], [0.5, 0.75]);
  assert.deepEqual([...result[1]], [0, 1]);
});

Deno.test("toProbabilities() shares 1 out over the outputs with softmax", () => {
  const logits = [Float32Array.of(0, 1000), Float32Array.of(Math.log(3), 1000), Float32Array.of(-Infinity, -1000)];
  const [[a, a2], [b, b2], c] = toProbabilities(logits, "softmax");
  assert.ok(Math.abs(a - 0.25) < 1e-7 && Math.abs(b - 0.75) < 1e-7);
  assert.deepEqual([a2, b2, ...c], [0.5, 0.5, 0, 0]);
});
