import assert from "node:assert/strict";
import { keptBlockCount } from "../../lib/masking/mod.ts";
import { fromGrey, mixMosaic } from "../../site/data/mosaic.ts";

const SIZE = { width: 24, height: 16, blockSize: 8 };
const TARGET = new Float32Array(24 * 16).fill(0.25), FILL = new Float32Array(24 * 16).fill(0.75);

Deno.test("mixMosaic() shows as many whole blocks of the target as training does, all others from the fill", () => {
  for (const maskRatio of [0, 0.3, 0.5, 0.875, 1]) {
    const { pixels, blocks, visibleBlocks } = mixMosaic(TARGET, FILL, { ...SIZE, maskRatio, draw: 0 });
    assert.deepEqual([blocks, visibleBlocks], [6, keptBlockCount(6, maskRatio)]);
    assert.equal(pixels.filter((value) => value === 0.25).length, 64 * visibleBlocks);
    assert.equal(pixels.filter((value) => value === 0.75).length, 64 * (6 - visibleBlocks));
    for (let i = 0; i < pixels.length; i++) {
      const [x, y] = [i % 24, Math.floor(i / 24)];
      assert.equal(pixels[i], pixels[(y - y % 8) * 24 + x - x % 8]);
    }
  }
});

Deno.test("mixMosaic() measures the fill in hidden blocks: an error of a half everywhere is 6.02 dB", () => {
  const { fillPsnr } = mixMosaic(TARGET, FILL, { ...SIZE, maskRatio: 0.5, draw: 0 });
  assert(Math.abs(fillPsnr! - 10 * Math.log10(4)) < 1e-9);
  assert.equal(mixMosaic(TARGET, FILL, { ...SIZE, maskRatio: 0, draw: 0 }).fillPsnr, null);
});

Deno.test("mixMosaic() hides more blocks with a higher ratio without showing others, and draws anew when asked", () => {
  const size = { width: 80, height: 80, blockSize: 8 };
  const empty = new Float32Array(6400);
  const masks = [0.5, 0.8].map((maskRatio) => mixMosaic(empty, empty, { ...size, maskRatio, draw: 0 }).mask);
  assert(masks[0].every((hidden, i) => hidden <= masks[1][i]));
  const other = mixMosaic(empty, empty, { ...size, maskRatio: 0.5, draw: 1 }).mask;
  assert(other.some((hidden, i) => hidden !== masks[0][i]));
});

Deno.test("fromGrey() maps black to 0 and white to 1", () => {
  assert.deepEqual(fromGrey(new Uint8ClampedArray([0, 51, 255])), Float32Array.from([0, 0.2, 1]));
});
