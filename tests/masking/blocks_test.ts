/** Block masks: exact counts, block structure, uniform choice, errors. */
import assert from "node:assert/strict";
import { drawBlockMask, keptBlockCount } from "../../lib/masking/mod.ts";
import { randomStream } from "../../lib/random.ts";

const OPTIONS = { size: [4, 6, 10], blockSize: 2, maskRatio: 0.5 } as const;

function draw(index: number, maskRatio: number = OPTIONS.maskRatio): Float32Array {
  return drawBlockMask({ ...OPTIONS, maskRatio, random: randomStream(1, "mask", index) });
}

Deno.test("keptBlockCount() keeps the official numbers of the 1728 blocks of a 96³ crop", () => {
  assert.equal(keptBlockCount(1728, 0.875), 216);
  // 1728 · 0.2 is 345.6, and 1 − 0.8 in double arithmetic does not round it up.
  assert.equal(keptBlockCount(1728, 0.8), 345);
});

Deno.test("keptBlockCount() rounds down, between all and none", () => {
  assert.deepEqual([0, 0.1, 0.5, 0.9, 1].map((ratio) => keptBlockCount(7, ratio)), [7, 6, 3, 0, 0]);
});

Deno.test("drawBlockMask() hides exactly the voxels of the blocks that are not kept", () => {
  for (const [maskRatio, kept] of [[0.875, 216], [0.8, 345]]) {
    const random = randomStream(1, "mask");
    const mask = drawBlockMask({ size: [96, 96, 96], blockSize: 8, maskRatio, random });
    assert.equal(mask.length, 96 ** 3);
    const hidden = mask.reduce((sum, value) => sum + value, 0);
    assert.equal(hidden, (1728 - kept) * 512);
  }
});

Deno.test("drawBlockMask() is constant on every block of an oblong crop", () => {
  const [depth, height, width] = OPTIONS.size;
  const mask = draw(0);
  const hidden = new Set<string>();
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const corner = [z - z % 2, y - y % 2, x - x % 2];
        const value = mask[(z * height + y) * width + x];
        assert.ok(value === 0 || value === 1);
        assert.equal(value, mask[(corner[0] * height + corner[1]) * width + corner[2]], `voxel ${[z, y, x]}`);
        if (value === 1) hidden.add(String(corner));
      }
    }
  }
  // 2 · 3 · 5 blocks, half of them hidden.
  assert.equal(hidden.size, 15);
});

Deno.test("drawBlockMask() hides every block equally often", () => {
  const draws = 2000;
  const counts = new Float64Array(30);
  for (let i = 0; i < draws; i++) {
    const mask = draw(i, 0.8);
    for (let block = 0; block < 30; block++) {
      const [z, y, x] = [Math.floor(block / 15), Math.floor(block / 5) % 3, block % 5];
      counts[block] += mask[(2 * z * 6 + 2 * y) * 10 + 2 * x];
    }
  }
  // Five standard deviations of a binomial count.
  const expected = draws * 25 / 30;
  const margin = 5 * Math.sqrt(expected * 5 / 30);
  for (const count of counts) assert.ok(Math.abs(count - expected) < margin, `${count} of ${draws}`);
});

Deno.test("drawBlockMask() is a function of the stream", () => {
  assert.deepEqual(draw(3), draw(3));
  assert.notDeepEqual(draw(3), draw(4));
});

Deno.test("drawBlockMask() hides nothing at ratio 0 and all at ratio 1", () => {
  assert.ok(draw(0, 0).every((value) => value === 0));
  assert.ok(draw(0, 1).every((value) => value === 1));
});

Deno.test("drawBlockMask() throws when the ratio is outside [0, 1] or blocks do not divide the crop", () => {
  const random = randomStream(1, "mask");
  for (const maskRatio of [-0.1, 1.5, NaN]) {
    assert.throws(() => drawBlockMask({ ...OPTIONS, maskRatio, random }), {
      name: "RangeError",
      message: `Cannot draw mask: expected a mask ratio in [0, 1], got ${maskRatio}`,
    });
  }
  assert.throws(() => drawBlockMask({ ...OPTIONS, size: [4, 6, 9], random }), {
    name: "RangeError",
    message: "Cannot draw mask: expected a crop divisible into blocks of 2 voxels, got [4, 6, 9]",
  });
});
