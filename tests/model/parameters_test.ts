/** Parameters: names, kinds, and the way between the official memory order and ours. */
import assert from "node:assert/strict";
import { constant, normal } from "../../lib/model/initializers.ts";
import { sameLayout, Scope, toOfficialLayout, toOurLayout } from "../../lib/model/parameters.ts";
import type { ParameterLayout } from "../../lib/model/parameters.ts";
import { selectBackend, sizeOf, tf } from "../../lib/tensor/mod.ts";

await selectBackend("reference");

const LAYOUTS: readonly { title: string; layout: ParameterLayout; ours: number[] }[] = [
  { title: "a vector stays", layout: sameLayout([3]), ours: [0, 1, 2] },
  { title: "a scalar stays", layout: sameLayout([]), ours: [0] },
  {
    title: "a matrix [out, in] becomes [in, out]",
    layout: { shape: [3, 2], officialShape: [2, 3], permutation: [1, 0] },
    ours: [0, 3, 1, 4, 2, 5],
  },
  {
    title: "templates [K, x, y, z] become [K, z, y, x]",
    layout: { shape: [2, 2, 1, 3], officialShape: [2, 3, 1, 2], permutation: [0, 3, 2, 1] },
    ours: [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11],
  },
  {
    title: "a kernel [out, 1, z, x, y] becomes [z, y, x, out]",
    layout: { shape: [1, 3, 2, 2], officialShape: [2, 1, 1, 2, 3], permutation: [2, 4, 3, 1, 0] },
    ours: [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11],
  },
];

for (const { title, layout, ours } of LAYOUTS) {
  Deno.test(`toOurLayout() and toOfficialLayout() are inverse, by hand: ${title}`, () => {
    const official = Float32Array.from(ours.keys());
    assert.deepEqual(toOurLayout(official, layout), Float32Array.from(ours));
    assert.deepEqual(toOfficialLayout(Float32Array.from(ours), layout), official);
  });
}

Deno.test("toOurLayout() agrees with tfjs's transpose on five odd axes", () => {
  const layout = { shape: [5, 7, 3, 4, 2], officialShape: [2, 4, 5, 3, 7], permutation: [2, 4, 3, 1, 0] };
  const values = normal(1)({ shape: layout.officialShape, seed: 1, name: "w" });
  const expected = tf.tidy(() => tf.transpose(tf.tensor(values, [2, 4, 5, 3, 7]), layout.permutation).dataSync());
  const ours = toOurLayout(values, layout);
  assert.deepEqual(ours, expected);
  assert.deepEqual(toOfficialLayout(ours, layout), values);
});

Deno.test("toOurLayout() and toOfficialLayout() throw when the number of values is wrong", () => {
  const layout = { shape: [3, 2], officialShape: [2, 3], permutation: [1, 0] };
  for (const transpose of [toOurLayout, toOfficialLayout]) {
    const shape = transpose === toOurLayout ? "[2, 3]" : "[3, 2]";
    assert.throws(() => transpose(new Float32Array(5), layout), {
      name: "RangeError",
      message: `Cannot transpose values: expected 6 for ${shape}, got 5`,
    });
  }
});

Deno.test("Scope names parameters by their path and lists them in the order in which they were added", () => {
  const scope = new Scope({ seed: 1 });
  const block = scope.child("blocks").child(2);
  block.parameter("weight", sameLayout([2]), constant(3));
  block.buffer("running_mean", sameLayout([1]), constant(0));
  scope.parameter("bias", sameLayout([1]), constant(1));
  const listed = scope.list().map(({ name, trainable, variable }) => [name, trainable, [...variable.dataSync()]]);
  assert.deepEqual(listed, [
    ["blocks.2.weight", true, [3, 3]],
    ["blocks.2.running_mean", false, [0]],
    ["bias", true, [1]],
  ]);
  assert.deepEqual(scope.list().map(({ variable }) => variable.trainable), [true, false, true]);
  tf.dispose(scope.list().map(({ variable }) => variable));
});

Deno.test("Scope.unused() keeps names and values, and takes its parameters out of training", () => {
  const [used, unused] = [new Scope({ seed: 1 }), new Scope({ seed: 1 })];
  const variables = [used, unused.unused()].map((scope) => scope.child("a").parameter("w", sameLayout([2]), normal(1)));
  assert.deepEqual(variables[1].dataSync(), variables[0].dataSync());
  const kinds = [...used.list(), ...unused.list()].map((
    { name, trainable, unused = false },
  ) => [name, trainable, unused]);
  assert.deepEqual(kinds, [["a.w", true, false], ["a.w", false, true]]);
  assert.deepEqual(variables.map(({ trainable }) => trainable), [true, false]);
  tf.dispose(variables);
});

Deno.test("Scope draws initial values in the official order under the parameter's full name", () => {
  const scope = new Scope({ seed: 9 });
  const layout = { shape: [3, 2], officialShape: [2, 3], permutation: [1, 0] };
  const variable = scope.child("fc").parameter("weight", layout, normal(1));
  assert.deepEqual(variable.shape, [3, 2]);
  const official = normal(1)({ shape: [2, 3], seed: 9, name: "fc.weight" });
  assert.equal(official.length, sizeOf(layout.shape));
  assert.deepEqual(variable.dataSync(), toOurLayout(official, layout));
  variable.dispose();
});

Deno.test("Scope throws when a name is taken", () => {
  const scope = new Scope({ seed: 1 });
  const variable = scope.child("a").parameter("weight", sameLayout([1]), constant(0));
  assert.throws(() => scope.child("a").buffer("weight", sameLayout([1]), constant(0)), {
    name: "RangeError",
    message: `Cannot add parameter "a.weight": the name is taken`,
  });
  variable.dispose();
});
