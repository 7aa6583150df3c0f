/** UniFormer: what its stages see, and how samples of a batch meet. */
import assert from "node:assert/strict";
import { Scope } from "../../lib/model/parameters.ts";
import { buildUniformer } from "../../lib/model/uniformer.ts";
import type { UniformerConfig } from "../../lib/model/uniformer.ts";
import { selectBackend, shapeOf, tf } from "../../lib/tensor/mod.ts";
import type { Tensor, Tensor5D } from "../../lib/tensor/mod.ts";
import { assignOfficial } from "./_layers.ts";

await selectBackend("reference");

const CONFIG: UniformerConfig = {
  inChannels: 1,
  embedDims: [4, 4, 8, 8],
  depths: [1, 1, 1, 1],
  headDim: 4,
  mlpRatio: 2,
};
const SHAPE = [2, 16, 16, 32, 1] as const;

function volumes(seed: number): Tensor5D {
  return tf.randomNormal<tf.Rank.R5>([...SHAPE], 0, 1, "float32", seed);
}

function largestDifference(a: Tensor, b: Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]);
}

/** Runs a test with an encoder and frees everything after it. */
function withEncoder(run: (encoder: ReturnType<typeof buildUniformer>, scope: Scope) => void): void {
  const scope = new Scope({ seed: 3 });
  const encoder = buildUniformer(scope, CONFIG);
  tf.tidy(() => run(encoder, scope));
  tf.dispose(scope.list().map(({ variable }) => variable));
}

/** The first sample's last voxel along x, changed. */
function changeLastVoxel(x: Tensor5D): Tensor5D {
  const values = x.dataSync().slice();
  values[x.size / 2 - 1] += 3;
  return tf.tensor(values, [...SHAPE]);
}

Deno.test("buildUniformer() gives four stages at halved resolutions", () => {
  withEncoder((encoder) => {
    const shapes = encoder(volumes(1), { training: true }).map(shapeOf);
    assert.deepEqual(shapes, [[2, 8, 8, 16, 4], [2, 4, 4, 8, 4], [2, 2, 2, 4, 8], [2, 1, 1, 2, 8]]);
  });
});

Deno.test("buildUniformer() keeps samples apart in evaluation and joins them in training", () => {
  withEncoder((encoder) => {
    const x = volumes(1);
    const changed = changeLastVoxel(x);
    const second = (features: Tensor5D): Tensor => tf.split(features as Tensor, 2)[1];
    for (const training of [false, true]) {
      const [before, after] = [x, changed].map((input) => second(encoder(input, { training })[3]));
      const difference = largestDifference(before, after);
      assert.ok(training ? difference > 1e-4 : difference === 0, `training ${training}: ${difference}`);
    }
  });
});

Deno.test("buildUniformer() sees a neighbourhood in stage 1 and the whole volume in stage 3", () => {
  withEncoder((encoder) => {
    const x = volumes(1);
    const [before, after] = [x, changeLastVoxel(x)].map((input) => encoder(input, { training: false }));
    const change = (stage: number, column: number): number => {
      const at = (features: Tensor5D): Tensor => tf.gather(tf.split(features as Tensor, 2)[0], [column], 3);
      return largestDifference(at(before[stage]), at(after[stage]));
    };
    // Kernels of 3 and 5 reach 1 + 2 voxels from the last of 16 columns.
    assert.ok(change(0, 12) > 0);
    assert.equal(change(0, 11), 0);
    for (let column = 0; column < 4; column++) assert.ok(change(2, column) > 0, `column ${column}`);
  });
});

Deno.test("buildUniformer() is its patch embedding where all residual branches end in zeros", () => {
  withEncoder((encoder, scope) => {
    for (const parameter of scope.list()) {
      if (/(pos_embed|conv2|fc2|attn\.proj)\.(weight|bias)$/.test(parameter.name)) assignOfficial(parameter, 0);
    }
    const [first, second] = encoder(volumes(1), { training: true });
    // Layer normalisation with scale 1 and bias 0: every token has mean 0 and mean square 1.
    for (const feature of [first, second]) {
      assert.ok(largestDifference(tf.mean(feature, -1), tf.scalar(0)) < 1e-5);
      assert.ok(largestDifference(tf.mean(tf.square(feature), -1), tf.scalar(1)) < 1e-2);
    }
  });
});
