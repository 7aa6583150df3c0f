/** Sliding windows: by hand in one dimension, against one pass, mirrors, batches, empty windows, errors. */
import assert from "node:assert/strict";
import type { Triple } from "../../lib/geometry.ts";
import { ALL_MIRRORS, slidingWindow, type SlidingWindowOptions, windowWeights } from "../../lib/inference/mod.ts";
import { buildSegmentationModel, MODEL_PRESETS } from "../../lib/model/mod.ts";
import { randomStream } from "../../lib/random.ts";
import { selectBackend, takeValues, type Tensor5D, tf } from "../../lib/tensor/mod.ts";

Deno.test.beforeAll(async () => {
  await selectBackend("reference");
});

function randomVolume(size: Triple, purpose: string): Float32Array {
  const random = randomStream(3, purpose);
  return Float32Array.from({ length: size[0] * size[1] * size[2] }, () => random.uniform());
}

function identity(x: Tensor5D): Tensor5D {
  return x.clone();
}

/** Every window gets its own number in all its voxels. */
function counter(): (x: Tensor5D) => Tensor5D {
  let count = 0;
  return (x) => tf.fill(x.shape, count++) as Tensor5D;
}

const LINE = { windowSize: [4, 1, 1], overlap: 0.5 } as const;

Deno.test("slidingWindow() averages what overlapping windows say, by hand", async () => {
  // Windows 0 to 3 start at 0, 2, 4 and, shifted back, 5.
  const [logits] = await slidingWindow([new Float32Array(9)], [9, 1, 1], { ...LINE, predict: counter() });
  assert.deepEqual([...logits], [0, 0, 0.5, 0.5, 1.5, 2, 2.5, 2.5, 3]);
});

Deno.test("slidingWindow() weighs with the Gaussian, by hand", async () => {
  const options = { ...LINE, weighting: "gaussian", predict: counter() } as const;
  const [logits] = await slidingWindow([new Float32Array(6)], [6, 1, 1], options);
  const [outer, inner] = windowWeights([4, 1, 1], "gaussian");
  // Windows start at 0 and 2: voxel 2 is third in the first and first in the second.
  const expected = [0, 0, outer / (inner + outer), inner / (inner + outer), 1, 1];
  logits.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-7, `${i}: ${value}`));
});

Deno.test("slidingWindow() returns any volume as it is when the network does nothing", async () => {
  const sizes: readonly Triple[] = [[7, 5, 9], [3, 4, 2], [5, 11, 3]];
  for (const size of sizes) {
    const channels = ["a", "b"].map((name) => randomVolume(size, name));
    for (const weighting of ["constant", "gaussian"] as const) {
      for (const mirrors of [undefined, ALL_MIRRORS]) {
        const options = { windowSize: [4, 5, 6], overlap: 0.4, weighting, mirrors, predict: identity } as const;
        const outputs = await slidingWindow(channels, size, options);
        outputs.forEach((output, k) => {
          output.forEach((value, i) => {
            const difference = Math.abs(value - channels[k][i]);
            assert.ok(difference < 3e-6, `${size} ${weighting} ${mirrors?.length}: ${difference} at ${i}`);
          });
        });
      }
    }
  }
});

Deno.test("slidingWindow() pads a small volume with zeros on both sides and cuts the padding off", async () => {
  const seen: number[][] = [];
  const predict = (x: Tensor5D): Tensor5D => {
    seen.push([...x.dataSync()]);
    return tf.add(x, 1);
  };
  const options = { windowSize: [4, 1, 3], overlap: 0.5, predict } as const;
  const [logits] = await slidingWindow([Float32Array.of(5, 6, 7)], [3, 1, 1], options);
  assert.deepEqual(seen, [[0, 0, 0, 0, 5, 6, 7, 0, 0, 0, 0, 0]]);
  assert.deepEqual([...logits], [6, 7, 8]);
});

Deno.test("slidingWindow() equals one pass of a network where one window covers the volume", async () => {
  const preset = MODEL_PRESETS["uniformer-tiny"];
  const model = buildSegmentationModel({ ...preset, inChannels: 2, classes: 3 }, { seed: 5 });
  const predict = (x: Tensor5D): Tensor5D => model.forward(x, { training: false })[0];
  const size = [16, 32, 16] as const;
  const channels = ["t1", "t2"].map((name) => randomVolume(size, name));
  const stacked = tf.stack(channels.map((data) => tf.tensor(data, [1, 16, 32, 16])), -1) as Tensor5D;
  const direct = await takeValues(tf.tidy(() => predict(stacked)));
  const logits = await slidingWindow(channels, size, { windowSize: size, overlap: 0.5, predict });
  assert.equal(logits.length, 3);
  logits.forEach((values, k) => values.forEach((value, i) => assert.equal(value, direct[3 * i + k])));
  assert.ok(Math.max(...logits[0]) > Math.min(...logits[0]));
  model.dispose();
});

Deno.test("slidingWindow() shows the network windows in channels-last order, z slowest", async () => {
  const size = [2, 2, 2] as const;
  const [a, b] = [0, 10].map((first) => Float32Array.from({ length: 8 }, (_, i) => first + i));
  let seen: number[] = [];
  const predict = (x: Tensor5D): Tensor5D => {
    assert.deepEqual(x.shape, [1, 2, 2, 2, 2]);
    seen = [...x.dataSync()];
    return x.clone();
  };
  await slidingWindow([a, b], size, { windowSize: size, overlap: 0, predict });
  assert.deepEqual(seen, [0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15, 6, 16, 7, 17]);
});

Deno.test("slidingWindow() with mirrors averages over what the network says of each mirror image", async () => {
  // The network says where along x a voxel is in what it sees: seen from both ends that averages to the centre.
  const predict = (x: Tensor5D): Tensor5D => tf.add(tf.tensor5d([0, 1, 2], [1, 1, 1, 3, 1]), tf.zerosLike(x));
  const options = { windowSize: [3, 1, 1], overlap: 0, predict } as const;
  const volume = [new Float32Array(3)];
  const [once] = await slidingWindow(volume, [3, 1, 1], options);
  assert.deepEqual([...once], [0, 1, 2]);
  const [turned] = await slidingWindow(volume, [3, 1, 1], { ...options, mirrors: [[true, false, false]] });
  assert.deepEqual([...turned], [2, 1, 0]);
  const [all] = await slidingWindow(volume, [3, 1, 1], { ...options, mirrors: ALL_MIRRORS });
  assert.deepEqual([...all], [1, 1, 1]);
});

Deno.test("slidingWindow() with all mirrors turns with its input", async () => {
  const size = [6, 5, 4] as const;
  const kernel = tf.tensor5d([...randomVolume([3, 3, 3], "kernel")], [3, 3, 3, 1, 1]);
  const predict = (x: Tensor5D): Tensor5D => tf.conv3d(x, kernel, 1, "same");
  const options = { windowSize: size, overlap: 0.5, mirrors: ALL_MIRRORS, predict };
  const volume = randomVolume(size, "volume");
  // All three axes turned at once: the memory runs backwards.
  const [straight] = await slidingWindow([volume], size, options);
  const [reversed] = await slidingWindow([volume.toReversed()], size, options);
  reversed.toReversed().forEach((value, i) => assert.ok(Math.abs(value - straight[i]) < 1e-5));
  const [plain] = await slidingWindow([volume.toReversed()], size, { ...options, mirrors: undefined });
  assert.ok(plain.toReversed().some((value, i) => Math.abs(value - straight[i]) > 0.1));
});

Deno.test("slidingWindow() gives the same in batches and tells how far it is", async () => {
  const size = [7, 5, 3] as const;
  const channels = [randomVolume(size, "x")];
  const batches: number[] = [];
  const predict = (x: Tensor5D): Tensor5D => {
    batches.push(x.shape[0]);
    return tf.mul(x, x);
  };
  const told: string[] = [];
  const options = { windowSize: [4, 4, 4], overlap: 0.5, predict } as const;
  const [single] = await slidingWindow(channels, size, options);
  assert.deepEqual(batches.splice(0), [1, 1, 1, 1, 1, 1]);
  const onProgress: SlidingWindowOptions["onProgress"] = ({ done, total }) => told.push(`${done}/${total}`);
  const [batched] = await slidingWindow(channels, size, { ...options, batchSize: 4, onProgress });
  assert.deepEqual(batches, [4, 2]);
  assert.deepEqual(told, ["4/6", "6/6"]);
  assert.deepEqual(batched, single);
});

Deno.test("slidingWindow() leaves empty windows out only when it is told what they hold", async () => {
  // Windows at 0, 2, 4, 5; the one voxel above 0 lies in those at 0 and 2.
  const volume = Float32Array.of(0, 0, -1, 5, 0, 0, 0, 0, 0);
  let passes = 0;
  const predict = (x: Tensor5D): Tensor5D => {
    passes++;
    return tf.concat([tf.onesLike(x), x], -1);
  };
  await slidingWindow([volume], [9, 1, 1], { ...LINE, predict });
  assert.equal(passes, 4);
  const [first, second] = await slidingWindow([volume], [9, 1, 1], { ...LINE, emptyLogits: [-9, -8], predict });
  assert.equal(passes, 6);
  assert.deepEqual([...first], [1, 1, 1, 1, 1, 1, -9, -9, -9]);
  assert.deepEqual([...second], [0, 0, -1, 5, 0, 0, -8, -8, -8]);
  const nothing = await slidingWindow([new Float32Array(9)], [9, 1, 1], { ...LINE, emptyLogits: [-9], predict });
  assert.deepEqual(nothing.map((values) => [...values]), [new Array(9).fill(-9)]);
  assert.equal(passes, 6);
});

Deno.test("slidingWindow() leaves no tensors behind, whatever the network leaves", async () => {
  const predict = (x: Tensor5D): Tensor5D => tf.sub(tf.add(tf.mul(x, 2), 1), 1);
  const before = tf.memory().numTensors;
  await slidingWindow([randomVolume([5, 4, 4], "x")], [5, 4, 4], { windowSize: [4, 4, 4], overlap: 0.5, predict });
  assert.equal(tf.memory().numTensors, before);
});

const WRONG: readonly { name: string; change: Partial<SlidingWindowOptions>; message: string }[] = [
  {
    name: "batches of no window",
    change: { batchSize: 0 },
    message: "Cannot predict volume: expected a batchSize of at least 1, got 0",
  },
  {
    name: "no mirror",
    change: { mirrors: [] },
    message: "Cannot predict volume: expected at least 1 mirror, got none",
  },
  {
    name: "a network with smaller outputs",
    change: { predict: (x) => tf.slice(x, [0, 0, 0, 0, 0], [1, 1, 1, 2, 1]) },
    message: "Cannot predict volume: expected [1, 1, 1, 4, K] from the network, got [1, 1, 1, 2, 1]",
  },
  {
    name: "another number of outputs than emptyLogits",
    change: { emptyLogits: [0, 0] },
    message: "Cannot predict volume: expected 2 outputs from the network, got 1",
  },
  {
    name: "a whole window of overlap",
    change: { overlap: 1 },
    message: "Cannot place windows: expected an overlap in [0, 1), got 1",
  },
];

for (const { name, change, message } of WRONG) {
  Deno.test(`slidingWindow() refuses ${name}`, async () => {
    const options = { ...LINE, predict: identity, ...change };
    const volume = new Float32Array(6).fill(1);
    await assert.rejects(slidingWindow([volume], [6, 1, 1], options), { name: "RangeError", message });
  });
}

Deno.test("slidingWindow() refuses no channels and channels of another size", async () => {
  const options = { ...LINE, predict: identity };
  await assert.rejects(slidingWindow([], [6, 1, 1], options), {
    message: "Cannot predict volume: expected at least 1 channel, got none",
  });
  await assert.rejects(slidingWindow([new Float32Array(5)], [6, 1, 1], options), {
    message: "Cannot predict volume: expected 6 voxels per channel for size (6, 1, 1), got 5",
  });
});
