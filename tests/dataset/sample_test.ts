import { deepEqual, equal, notEqual, throws } from "node:assert/strict";
import { centreSample, type DrawOptions, drawSample, type Sample } from "../../lib/dataset/sample.ts";
import type { Triple, VolumeStack } from "../../lib/geometry.ts";
import { randomStream } from "../../lib/random.ts";

/** Voxel (x, y, z) of channel c holds 1000·(c + 1) + 100·z + 10·y + x. */
function stackOf(size: Triple, modalities: string[]): VolumeStack {
  const [width, height, depth] = size;
  const channels = modalities.map((_, c) =>
    Float32Array.from({ length: width * height * depth }, (_, i) => {
      const x = i % width, y = Math.floor(i / width) % height, z = Math.floor(i / (width * height));
      return 1000 * (c + 1) + 100 * z + 10 * y + x;
    })
  );
  return { modalities, channels, size, affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]] };
}

function draw(stack: VolumeStack, options: Partial<DrawOptions> & { seed?: number }): Sample {
  const { seed = 1, ...rest } = options;
  return drawSample(stack, {
    subject: "p",
    cropSize: [2, 2, 2],
    templateSize: stack.size,
    sequences: "all",
    random: randomStream(seed, "sample", 0, 0),
    ...rest,
  });
}

Deno.test("centreSample() copies the middle of every channel, channel-major with x fastest", () => {
  const sample = centreSample(stackOf([5, 4, 3], ["t1", "t2"]), {
    subject: "p",
    cropSize: [2, 2, 1],
    templateSize: [5, 4, 3],
  });
  // Start (1, 1, 1): floors of 3/2, 2/2 and 2/2.
  deepEqual([...sample.voxels], [1111, 1112, 1121, 1122, 2111, 2112, 2121, 2122]);
  deepEqual({ ...sample, voxels: null }, {
    subject: "p",
    modalities: ["t1", "t2"],
    voxels: null,
    cropSize: [2, 2, 1],
    templateStart: [1, 1, 1],
  });
});

Deno.test("centreSample() pads a smaller subject with zeros, the smaller half first", () => {
  const sample = centreSample(stackOf([2, 1, 1], ["t1"]), {
    subject: "p",
    cropSize: [5, 2, 1],
    templateSize: [8, 4, 1],
  });
  // x: 3 zeros to add, 1 before; y: 1 to add, 0 before. Template margins: floor(6/2) = 3 and floor(3/2) = 1.
  deepEqual([...sample.voxels], [0, 1000, 1001, 0, 0, 0, 0, 0, 0, 0]);
  deepEqual(sample.templateStart, [3 - 1, 1, 0]);
});

Deno.test("drawSample() pads like the centre crop and crops at random along each axis by itself", () => {
  const stack = stackOf([2, 6, 3], ["t1"]);
  const starts = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    const { voxels, templateStart } = draw(stack, { seed, cropSize: [5, 2, 3], templateSize: [2, 6, 3] });
    equal(templateStart[0], -1);
    equal(templateStart[2], 0);
    starts.add(templateStart[1]);
    // First voxel inside the subject: x = 0 at crop column 1.
    deepEqual([...voxels.slice(0, 5)], [0, 1000 + 10 * templateStart[1], 1001 + 10 * templateStart[1], 0, 0]);
  }
  deepEqual([...starts].sort(), [0, 1, 2, 3, 4]);
});

Deno.test("drawSample() finds the crop's place in a template of another size", () => {
  // floor((9 - 4)/2) = 2; floor((4 - 5)/2) = -1; floor((7 - 7)/2) = 0.
  const sample = draw(stackOf([4, 5, 7], ["t1"]), { cropSize: [4, 5, 7], templateSize: [9, 4, 7] });
  deepEqual(sample.templateStart, [2, -1, 0]);
});

Deno.test("drawSample() draws fewer, equal and more sequences than the subject has", () => {
  const stack = stackOf([2, 2, 2], ["flair", "t1", "t2"]);
  const pairs = new Set<string>();
  const fills = new Set<string>();
  for (let seed = 0; seed < 80; seed++) {
    const two = draw(stack, { seed, sequences: 2 });
    equal(new Set(two.modalities).size, 2);
    pairs.add(two.modalities.join(" "));
    deepEqual(two.modalities.map((m) => stack.modalities.indexOf(m)), [0, 8].map((i) => two.voxels[i] / 1000 - 1));
    deepEqual(draw(stack, { seed, sequences: 3 }).modalities, ["flair", "t1", "t2"]);
    const five = draw(stack, { seed, sequences: 5 });
    deepEqual(five.modalities.slice(0, 3), ["flair", "t1", "t2"]);
    fills.add(five.modalities.slice(3).join(" "));
    equal(five.voxels.length, 5 * 8);
  }
  equal(pairs.size, 6);
  equal(fills.size, 9);
});

Deno.test("drawSample() orders channels by their own stream, whatever the crop", () => {
  const stack = stackOf([4, 4, 4], ["flair", "t1", "t2"]);
  const order = (
    seed: number,
    subject: string,
  ): string[] => [...draw(stack, { seed, shuffleOrder: randomStream(3, `channel order ${subject}`) }).modalities];
  deepEqual(order(1, "a"), order(2, "a"));
  deepEqual([...order(1, "a")].sort(), ["flair", "t1", "t2"]);
  equal(new Set(Array.from({ length: 60 }, (_, i) => order(1, `s${i}`).join(" "))).size, 6);
});

Deno.test("drawSample() hands out voxels of its own", () => {
  const stack = stackOf([2, 2, 2], ["t1"]);
  const { voxels } = draw(stack, {});
  deepEqual(voxels, stack.channels[0]);
  notEqual(voxels.buffer, stack.channels[0].buffer);
});

Deno.test("drawSample() rejects a number of sequences that is not a positive integer", () => {
  for (const sequences of [0, 1.5, -2]) {
    throws(() => draw(stackOf([2, 2, 2], ["t1"]), { sequences }), {
      name: "RangeError",
      message: `Cannot draw sample: expected sequences "all" or a positive integer, got ${sequences}`,
    });
  }
});
