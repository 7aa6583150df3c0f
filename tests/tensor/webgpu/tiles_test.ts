/** Which tile a product gets, and what shapes need of a device. */
import assert from "node:assert/strict";
import {
  bytesOfTile,
  chooseTile,
  fits,
  nameOfTile,
  threadsOf,
  TILE_SHAPES,
  tilesOf,
  tileSource,
  UNMEASURED,
} from "../../../lib/tensor/webgpu/tiles.ts";
import type { AdapterTiles, TiledKernel, TileShape } from "../../../lib/tensor/webgpu/tiles.ts";

const [LARGEST, USUAL, NARROW, , , SMALLEST] = TILE_SHAPES;

/** Limits that every device has. */
const PORTABLE = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16384,
} as GPUSupportedLimits;

function choice(kernel: TiledKernel, [rows, columns, length]: readonly number[], tiles: AdapterTiles): string {
  return nameOfTile(chooseTile(kernel, { rows, columns, length }, tiles));
}

function measuredOn(full: number, ...gemm: readonly (readonly [number, number, number, TileShape])[]): AdapterTiles {
  const measured = gemm.map(([rows, columns, length, tile]) => ({ rows, columns, length, tile }));
  return { full, measured: { ...UNMEASURED.measured, gemm: measured } };
}

Deno.test("chooseTile() gives the default where nothing was measured, narrow ones to convolutions with few channels", () => {
  assert.equal(choice("gemm", [10, 10, 10], UNMEASURED), "128×64 by 8×8");
  assert.equal(choice("taps", [1e6, 33, 864], UNMEASURED), "128×64 by 8×8");
  assert.equal(choice("taps", [1e6, 32, 864], UNMEASURED), "128×32 by 8×4");
  assert.equal(choice("weight_gradient", [27, 32, 1e6], UNMEASURED), "128×32 by 8×4");
  const other = measuredOn(512, [64, 64, 64, SMALLEST]);
  assert.equal(choice("taps", [64, 64, 64], other), "128×64 by 8×8");
});

Deno.test("chooseTile() takes what was fastest for the nearest product", () => {
  const tiles = measuredOn(512, [1000, 320, 320, SMALLEST], [100_000, 64, 256, LARGEST]);
  assert.equal(choice("gemm", [1000, 320, 320], tiles), nameOfTile(SMALLEST));
  assert.equal(choice("gemm", [2000, 320, 160], tiles), nameOfTile(SMALLEST));
  assert.equal(choice("gemm", [50_000, 64, 64], tiles), nameOfTile(LARGEST));
});

Deno.test("chooseTile() far from all takes the largest measured tile that fills the GPU", () => {
  const tiles = measuredOn(100, [10, 10, 10, SMALLEST], [10, 10, 10, LARGEST]);
  assert.equal(choice("gemm", [128 * 100, 128, 5000], tiles), nameOfTile(LARGEST));
  assert.equal(choice("gemm", [128 * 99, 128, 5000], tiles), nameOfTile(SMALLEST));
  assert.equal(choice("gemm", [64, 64, 5000], tiles), nameOfTile(SMALLEST));
});

Deno.test("tilesOf() counts tiles at the edges, too", () => {
  assert.equal(tilesOf({ rows: 129, columns: 65, length: 1 }, USUAL), 4);
  assert.equal(tilesOf({ rows: 128, columns: 64, length: 1 }, USUAL), 1);
});

Deno.test("every shape loads whole vectors, and all but the largest fit every device", () => {
  for (const tile of TILE_SHAPES) {
    const { rows, columns, each, wide } = tile;
    const threads = threadsOf(tile);
    assert.ok(threads >= Math.max(rows, columns), nameOfTile(tile));
    assert.equal(threads * each * 4 * wide, rows * columns);
    for (const length of [rows, columns]) assert.equal(length * 4 % threads, 0, nameOfTile(tile));
    assert.equal(fits(tile, PORTABLE), tile !== LARGEST, nameOfTile(tile));
  }
  // [4][128 + 2] and [16][32] vectors of 16 bytes are 16512 bytes; the bound is for all kernels.
  assert.equal(bytesOfTile(LARGEST), 16640);
  assert.equal(fits(LARGEST, { ...PORTABLE, maxComputeWorkgroupStorageSize: 32768 }), true);
  const few = { ...PORTABLE, maxComputeInvocationsPerWorkgroup: 64 };
  assert.equal(fits(NARROW, few), false);
  assert.equal(fits(SMALLEST, few), true);
});

Deno.test("tileSource() spells a shape out for shaders", () => {
  assert.equal(
    tileSource(SMALLEST).replaceAll("\n", " ").trim(),
    "const ROWS = 32u; const COLUMNS = 32u; const EACH = 4u; const WIDE = 1u; const LINES = 8u; const SPAN = 8u; " +
      "const THREADS = 64u; const STEP = 16u; const LOADS = 2u; const OTHERS = 2u;",
  );
});
