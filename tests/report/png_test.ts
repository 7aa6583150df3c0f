import assert from "node:assert/strict";
import { decode } from "fast-png";
import { encodeGreyPng, pngDataUri } from "../../lib/report/mod.ts";

const PICTURE = { width: 3, height: 2, pixels: Float32Array.of(-1, 0, 0.2, 1, 7, NaN) };

Deno.test("encodeGreyPng() maps the window to 0…255, clips the rest and draws NaN black", () => {
  const png = decode(encodeGreyPng(PICTURE));
  assert.deepEqual([png.width, png.height, png.depth, png.channels], [3, 2, 8, 1]);
  assert.deepEqual([...png.data], [0, 0, 51, 255, 255, 0]);
  assert.deepEqual([...decode(encodeGreyPng(PICTURE, [-1, 1])).data], [0, 128, 153, 255, 255, 0]);
});

Deno.test("encodeGreyPng() refuses an empty window", () => {
  assert.throws(() => encodeGreyPng(PICTURE, [1, 1]), {
    name: "RangeError",
    message: "Cannot encode PNG: expected a window with low < high, got [1, 1]",
  });
});

Deno.test("pngDataUri() carries the bytes in base 64", () => {
  assert.equal(pngDataUri(Uint8Array.of(0x89, 0x50, 0xff)), "data:image/png;base64,iVD/");
});
