/** How operations are put together: which implementation runs, and how gradients find their inputs. */
import assert from "node:assert/strict";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { Tensor } from "../../lib/tensor/mod.ts";
import { defineOp, definePrimitive, PLAIN_KERNELS, watchGradients } from "../../lib/tensor/op.ts";
import { assertValues } from "./ops/_expect.ts";

await selectBackend("reference");

type Inputs = { x: Tensor; bias: Tensor | undefined };
type Attributes = { factor: number };

const calls: string[] = [];

function composite({ x, bias }: Inputs, { factor }: Attributes): Tensor[] {
  calls.push("composite");
  const scaled = tf.mul(x, factor);
  return [bias ? tf.add(scaled, bias) : scaled];
}

const affine = definePrimitive<Inputs, Attributes>({
  name: "TestAffine",
  composite,
  plain({ x, bias }, { factor }) {
    calls.push("plain");
    return [{ data: x.data.map((value, i) => factor * value + (bias?.data[i] ?? 0)), shape: x.shape }];
  },
});

/** y = factor·x + bias, whose backward pass is told apart from autodiff by a factor of 100. */
const affineOp = defineOp<Inputs, Attributes>({
  name: "testAffine",
  differentiable: ["x", "bias"],
  validate({ x }) {
    if (x.rank !== 1) throw new TypeError("Cannot apply testAffine: expected one axis");
  },
  reference: (inputs, attributes) => composite(inputs, attributes)[0],
  forward: (inputs, attributes) => {
    const [output] = affine(inputs, attributes);
    return { output, saved: inputs.bias ? [inputs.x, inputs.bias] : [inputs.x] };
  },
  backward(dy, [x, bias], { factor }) {
    const dx = tf.mul(tf.mul(dy, x), 100 * factor);
    return bias ? [dx, tf.mul(dy, bias)] : [dx];
  },
});

/** Runs a primitive and says which implementation it took. */
function implementationOf(run: () => unknown): string {
  calls.length = 0;
  tf.tidy(() => void run());
  return calls.join();
}

Deno.test("definePrimitive() takes the plain kernel on the reference backend and is listed", () => {
  assert.ok(PLAIN_KERNELS.includes("TestAffine"));
  const x = tf.tensor1d([1, 2]), bias = tf.tensor1d([10, 20]);
  assert.equal(implementationOf(() => assertValues(affine({ x, bias }, { factor: 3 })[0], [2], [13, 26])), "plain");
  assert.equal(
    implementationOf(() => assertValues(affine({ x, bias: undefined }, { factor: 3 })[0], [2], [3, 6])),
    "plain",
  );
  tf.dispose([x, bias]);
});

Deno.test("definePrimitive() takes the composite where the backend has no kernel, and tidies up", () => {
  const bare = definePrimitive<Inputs, Attributes>({ name: "TestBare", composite });
  assert.ok(!PLAIN_KERNELS.includes("TestBare"));
  const x = tf.tensor1d([1, 2]), bias = tf.tensor1d([10, 20]);
  const before = tf.memory().numTensors;
  calls.length = 0;
  const [output] = bare({ x, bias }, { factor: 3 });
  assert.deepEqual(calls, ["composite"]);
  assertValues(output, [2], [13, 26]);
  assert.equal(tf.memory().numTensors, before + 1);
  tf.dispose([output, x, bias]);
});

Deno.test("defineOp() differentiates by its explicit backward pass, with saved tensors and attributes", () => {
  tf.tidy(() => {
    const x = tf.tensor1d([1, 2]), bias = tf.tensor1d([10, 20]);
    const [dx, dBias] = tf.grads((a: Tensor, b: Tensor) => affineOp({ x: a, bias: b }, { factor: 3 }))([x, bias]);
    assertValues(dx, [2], [300, 600]);
    assertValues(dBias, [2], [10, 20]);
  });
});

Deno.test("defineOp() leaves out the gradient of an input that is not given", () => {
  tf.tidy(() => {
    const gradient = tf.grad((a: Tensor) => affineOp({ x: a, bias: undefined }, { factor: 3 }));
    assertValues(gradient(tf.tensor1d([1, 2])), [2], [300, 600]);
  });
});

Deno.test("defineOp() validates before it computes", () => {
  const x = tf.zeros([1, 1]);
  calls.length = 0;
  assert.throws(() => affineOp({ x, bias: undefined }, { factor: 1 }), {
    name: "TypeError",
    message: "Cannot apply testAffine: expected one axis",
  });
  assert.deepEqual(calls, []);
  assert.equal(affineOp.definition.name, "testAffine");
  x.dispose();
});

Deno.test("watchGradients() is told variables' gradients while the pass goes on, and nothing afterwards", () => {
  const bias = tf.variable(tf.tensor1d([10, 20]));
  const told: [string, number[]][] = [];
  const differentiate = (): void =>
    tf.tidy(() => {
      const early = tf.tidy(() => tf.variable(tf.tensor1d([1, 1])));
      tf.variableGrads(() => tf.sum(affineOp({ x: tf.mul(early, 1), bias }, { factor: 3 })), [bias, early]);
    });
  watchGradients((variable, gradient) => {
    told.push([variable === bias ? "bias" : "other", [...gradient.dataSync()]]);
  }, differentiate);
  differentiate();
  // The one that is used through another operation is never told of.
  assert.deepEqual(told, [["bias", [10, 20]]]);
  bias.dispose();
});
