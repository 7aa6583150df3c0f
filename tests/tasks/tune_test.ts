/** From measured tiles over their file to the runs that take them. */
import assert from "node:assert/strict";
import { runBench } from "../../bench/run.ts";
import { tuneSteps, tuneTiles } from "../../bench/tune.ts";
import { tuneCases } from "../../bench/tune_cases.ts";
import { readTunedTiles, startBackend, writeTunedTiles } from "../../lib/host/mod.ts";
import { chooseTile, nameOfTile, TILE_SHAPES, UNMEASURED } from "../../lib/tensor/webgpu/tiles.ts";
import { parseArguments } from "../../tasks/bench.ts";
import { describeEnvironment } from "../../tasks/_run_description.ts";
import { asRealGpu, gpuTest } from "../tensor/webgpu/_gpu.ts";

Deno.test("tuneCases() has each product of the UniFormer and of UNET3D once, in all passes", () => {
  const cases = tuneCases(96);
  const titles = cases.map(({ title }) => title);
  assert.equal(new Set(titles).size, titles.length);
  // MLP of stage 3: 2·12³ tokens, 320 to 1280 channels.
  for (const title of ["y 3456 × 320 → 1280", "dx 3456 × 1280 → 320", "dw 320 × 3456 → 1280"]) {
    assert.ok(titles.includes(title), title);
  }
  const strided = cases.find(({ title }) => title === "dx 32 → 64, 96³, stride 2")!;
  const { kernel, rows, columns, length } = strided;
  assert.deepEqual({ kernel, rows, columns, length }, { kernel: "taps", rows: 2 * 48 ** 3, columns: 32, length: 512 });
  assert.ok(cases.every(({ columns }) => columns >= 16));
});

Deno.test("parseArguments() takes --tune by itself only", () => {
  assert.equal(parseArguments(["--backend", "webgpu", "--tune"]).tune, true);
  assert.equal(parseArguments([]).tune, undefined);
  for (const other of [["--ops"], ["--step", "unet3d"], ["--profile", "trace.json"]]) {
    assert.throws(() => parseArguments(["--tune", ...other]), { code: "commander.conflictingOption" });
  }
});

Deno.test("runBench() tunes tiles of a GPU only", async () => {
  const output = { command: "deno task bench --tune", print: assert.fail };
  await assert.rejects(runBench(parseArguments(["--tune"]), output), {
    message: "Cannot tune tiles: expected --backend webgpu, got simd",
  });
});

gpuTest("tuneTiles() refuses an adapter that the CPU computes", async (backend) => {
  if (!backend.isSoftware) return;
  await assert.rejects(tuneTiles(backend, [], { date: "", report: assert.fail }), {
    name: "RangeError",
    message: `Cannot tune tiles on ${backend.adapter}: expected a GPU, got one that the CPU computes, ` +
      "with kernels without tiles",
  });
});

gpuTest("tiles are measured, written, and taken by the next run on the same adapter", async (backend) => {
  const titles = ["dw 8 × 1024 → 64", "y 16 × 320 → 320", "dx 64 → 64, 8³"];
  const cases = tuneCases(16).filter(({ title }) => titles.includes(title));
  assert.deepEqual(cases.map(({ title }) => title), titles);
  const done: number[] = [];
  const date = "2026-11-24 10:00";
  const options = { date, report: (count: number) => void done.push(count) };
  const { tuned, found } = await asRealGpu(backend, () => tuneTiles(backend, cases, options));
  assert.deepEqual(done, Array.from({ length: tuneSteps(cases) }, (_, i) => i + 1));
  assert.equal(backend.tiles, UNMEASURED);
  for (const { times, best, defaultMs } of found) {
    assert.ok(times.length >= 2 && times.every(({ ms }) => ms > 0));
    assert.ok(best.ms <= defaultMs);
  }
  // Whatever was the fastest here: another shape than the default shows that it is taken.
  const smallest = TILE_SHAPES[TILE_SHAPES.length - 1];
  const gemm = tuned.measured.gemm.map((product) => ({ ...product, tile: smallest }));
  const folder = await Deno.makeTempDir();
  const tilesFile = `${folder}/tiles.json`;
  try {
    await writeTunedTiles(tilesFile, [{ ...tuned, measured: { ...tuned.measured, gemm } }]);
    assert.equal((await readTunedTiles(tilesFile, assert.fail)).length, 1);
    const info = await startBackend("webgpu", { tilesFile, warn: assert.fail });
    assert.match(info.description, /, tiles tuned 2026-11-24 10:00, /);
    assert.equal(describeEnvironment(info)["adapter tiles"], "tuned 2026-11-24 10:00");
    const { tiles } = backend;
    const chosen = chooseTile("gemm", { rows: 16, columns: 320, length: 320 }, tiles);
    assert.equal(nameOfTile(chosen), nameOfTile(smallest));

    const other = await startBackend("webgpu", { tilesFile: `${folder}/none.json`, warn: assert.fail });
    assert.doesNotMatch(other.description, /tuned/);
    assert.equal(describeEnvironment(other)["adapter tiles"], "default");
    assert.equal(backend.tiles, UNMEASURED);
  } finally {
    await Deno.remove(folder, { recursive: true });
    backend.useTiles([]);
  }
});
