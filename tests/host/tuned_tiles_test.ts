import assert from "node:assert/strict";
import { readTunedTiles, writeTunedTiles } from "../../lib/host/mod.ts";
import { TILE_SHAPES } from "../../lib/tensor/mod.ts";
import type { TunedTiles } from "../../lib/tensor/mod.ts";

const TUNED: TunedTiles = {
  adapter: { vendor: "v", architecture: "a", device: "d", description: "driver 1", runtime: "Deno/2.9.6" },
  date: "2026-11-24 10:00",
  full: 1024,
  measured: { gemm: [{ rows: 7, columns: 5, length: 3, tile: TILE_SHAPES[2] }], taps: [], weight_gradient: [] },
};

/** Calls with a path in a folder that is gone afterwards. */
async function withPath(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(`${folder}/runs/tiles.json`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function warningsOf(text: string): Promise<string[]> {
  const warnings: string[] = [];
  await withPath(async (path) => {
    await writeTunedTiles(path, []);
    await Deno.writeTextFile(path, text);
    assert.deepEqual(await readTunedTiles(path, (line) => warnings.push(line.replace(path, "FILE"))), []);
  });
  return warnings;
}

Deno.test("writeTunedTiles() writes what readTunedTiles() reads, shapes by their names", async () => {
  await withPath(async (path) => {
    await writeTunedTiles(path, [TUNED]);
    const text = await Deno.readTextFile(path);
    assert.equal(JSON.parse(text).adapters[0].measured.gemm[0].tile, "128×32 by 8×4");
    assert.deepEqual(await readTunedTiles(path, assert.fail), [TUNED]);
  });
});

Deno.test("readTunedTiles() finds nothing where there is no file, without a word", async () => {
  await withPath(async (path) => assert.deepEqual(await readTunedTiles(path, assert.fail), []));
});

Deno.test("readTunedTiles() says in one line that a file is damaged or of another version", async () => {
  const damaged = await warningsOf('{ "format": 1, "adap');
  assert.deepEqual(damaged, ["warning: Cannot use FILE: expected JSON; the GPU gets its default tiles"]);
  const [older, ...others] = await warningsOf('{ "format": 0, "adapters": [] }');
  assert.match(
    older,
    /^warning: Cannot use FILE: expected measured tiles of format 1, got at "format": .+default tiles$/,
  );
  assert.deepEqual(others, []);
  const gemm = [{ ...TUNED.measured.gemm[0], tile: "1×1 by 1×1" }];
  const unknown = { ...TUNED, measured: { ...TUNED.measured, gemm } };
  const [shape] = await warningsOf(JSON.stringify({ format: 1, adapters: [unknown] }));
  assert.match(shape, /"adapters.0.measured.gemm.0.tile": expected the name of a tile, got "1×1 by 1×1"/);
});
