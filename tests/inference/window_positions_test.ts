/** Positions of windows: the official rule by hand, coverage, errors. */
import assert from "node:assert/strict";
import { windowPositions, windowStarts } from "../../lib/inference/mod.ts";

const CASES: readonly { length: number; window: number; overlap: number; starts: number[]; why: string }[] = [
  { length: 240, window: 96, overlap: 0.5, starts: [0, 48, 96, 144], why: "ends with the axis by itself" },
  { length: 155, window: 96, overlap: 0.5, starts: [0, 48, 59], why: "the last one is shifted back" },
  { length: 96, window: 96, overlap: 0.5, starts: [0], why: "one window covers the axis" },
  { length: 97, window: 96, overlap: 0.5, starts: [0, 1], why: "one voxel more than a window" },
  { length: 10, window: 4, overlap: 0.25, starts: [0, 3, 6], why: "interval 3" },
  { length: 10, window: 4, overlap: 0, starts: [0, 4, 6], why: "no overlap but for the last" },
  { length: 7, window: 5, overlap: 0.5, starts: [0, 2], why: "interval 2.5 is rounded down" },
  { length: 4, window: 2, overlap: 0.9, starts: [0, 1, 2], why: "interval 0.2 becomes 1" },
  { length: 5, window: 8, overlap: 0.5, starts: [-1], why: "3 voxels are missing, the smaller half comes first" },
  { length: 6, window: 8, overlap: 0.5, starts: [-1], why: "2 voxels are missing" },
];

for (const { length, window, overlap, starts, why } of CASES) {
  Deno.test(`windowStarts() of ${window} along ${length} with overlap ${overlap}: ${why}`, () => {
    assert.deepEqual(windowStarts(length, { window, overlap }), starts);
  });
}

Deno.test("windowStarts() covers every voxel of all short axes", () => {
  for (let length = 1; length <= 30; length++) {
    for (const window of [1, 2, 5, 8]) {
      for (const overlap of [0, 0.3, 0.5, 0.8]) {
        const starts = windowStarts(length, { window, overlap });
        const covered = new Set(starts.flatMap((start) => Array.from({ length: window }, (_, i) => start + i)));
        for (let voxel = 0; voxel < length; voxel++) assert.ok(covered.has(voxel), `${voxel} of ${length}`);
        if (length >= window) assert.deepEqual([starts[0], starts.at(-1)], [0, length - window]);
        assert.equal(new Set(starts).size, starts.length);
      }
    }
  }
});

Deno.test("windowPositions() gives each axis its own windows", () => {
  const positions = windowPositions([5, 4, 9], { windowSize: [4, 6, 4], overlap: 0.5 });
  assert.deepEqual(positions, [0, 1].flatMap((x) => [0, 2, 4, 5].map((z) => [x, -1, z])));
  // The official case: 4 × 4 × 3.
  assert.equal(windowPositions([240, 240, 155], { windowSize: [96, 96, 96], overlap: 0.5 }).length, 48);
});

Deno.test("windowStarts() refuses an overlap of a whole window and windows without voxels", () => {
  assert.throws(() => windowStarts(9, { window: 4, overlap: 1 }), {
    name: "RangeError",
    message: "Cannot place windows: expected an overlap in [0, 1), got 1",
  });
  assert.throws(() => windowStarts(9, { window: 4, overlap: NaN }), /got NaN/);
  assert.throws(() => windowStarts(9, { window: 2.5, overlap: 0 }), {
    message: "Cannot place windows: expected at least 1 voxel, got windows of 2.5 along 9",
  });
  assert.throws(() => windowStarts(0, { window: 4, overlap: 0 }), RangeError);
});
