/** Finds the tiles that are fastest on this GPU. */
import type { GpuBackend } from "../lib/tensor/webgpu/backend.ts";
import type { GpuArray } from "../lib/tensor/webgpu/runtime.ts";
import { chooseTile, fits, nameOfTile, TILE_SHAPES, UNMEASURED } from "../lib/tensor/webgpu/tiles.ts";
import type { AdapterTiles, MeasuredTile, TiledKernel, TileShape } from "../lib/tensor/webgpu/tiles.ts";
import type { TunedTiles } from "../lib/tensor/webgpu/tuned_tiles.ts";
import { sizeOf, tf } from "../lib/tensor/mod.ts";
import type { TuneCase } from "./tune_cases.ts";

/** Times of one product by tiles, in milliseconds. */
export interface TunedCase {
  readonly tuneCase: TuneCase;
  readonly times: readonly { readonly tile: TileShape; readonly ms: number }[];
  /** Of the default tile. */
  readonly defaultMs: number;
  /** Of the fastest one. */
  readonly best: { readonly tile: TileShape; readonly ms: number };
}

/** How the measurement goes on. */
export interface TuneOptions {
  readonly date: string;
  /** Called after each of {@linkcode tuneSteps}. */
  report(done: number, what: string): void;
}

/** Workgroups that might fill a GPU. */
const FULL = [128, 256, 512, 1024, 2048];
/** A shorter time than the default's by less than this share may be chance. */
const CLEARLY = 0.02;
/** A batch of repetitions takes about so long, and the shortest of so many counts. */
const BATCH_MS = 20, BATCHES = 3;
const MOST_REPETITIONS = 50;

/** How many times {@linkcode tuneTiles} tells how far it is: for every product, and for every way to split long sums. */
export function tuneSteps(cases: readonly TuneCase[]): number {
  return cases.length + FULL.length;
}

/**
 * Measures every shape of tile for every product that the device holds, and then how many workgroups fill the device.
 *
 * @throws {RangeError} when the CPU computes for the GPU, which it does without tiles
 */
export async function tuneTiles(
  backend: GpuBackend,
  cases: readonly TuneCase[],
  { date, report }: TuneOptions,
): Promise<{ tuned: TunedTiles; found: TunedCase[] }> {
  if (backend.isSoftware) {
    throw new RangeError(
      `Cannot tune tiles on ${backend.adapter}: expected a GPU, got one that the CPU computes, with kernels without tiles`,
    );
  }
  const before = backend.tiles;
  try {
    const found: TunedCase[] = [];
    for (const [index, tuneCase] of cases.entries()) {
      const measured = isHeld(backend, tuneCase) ? await tuneOne(backend, tuneCase) : undefined;
      if (measured) found.push(measured);
      report(index + 1, tuneCase.title);
    }
    const measured = winnersOf(found);
    const full = await fullOf(backend, { measured, cases: found.map(({ tuneCase }) => tuneCase) }, (round) => {
      report(cases.length + round, "sums split in parts");
    });
    return { tuned: { adapter: backend.adapterName, date, full, measured }, found };
  } finally {
    backend.tiles = before;
  }
}

async function tuneOne(backend: GpuBackend, tuneCase: TuneCase): Promise<TunedCase> {
  const { kernel } = tuneCase;
  const usual = chooseTile(kernel, tuneCase, UNMEASURED);
  const times: { tile: TileShape; ms: number }[] = [];
  for (const tile of shapesFor(tuneCase, backend.device.limits)) {
    const measured = { ...UNMEASURED.measured, [kernel]: [{ ...tuneCase, tile }] };
    times.push({ tile, ms: await timeOf(backend, { tuneCase, tiles: { full: UNMEASURED.full, measured } }) });
  }
  const { ms: defaultMs } = times.find(({ tile }) => tile === usual)!;
  const [fastest] = times.toSorted((a, b) => a.ms - b.ms);
  const best = fastest.ms < (1 - CLEARLY) * defaultMs ? fastest : { tile: usual, ms: defaultMs };
  return { tuneCase, times, defaultMs, best };
}

/** Shapes that the device can run and that are not wider than the result by more than half; the default always. */
function shapesFor({ kernel, ...sizes }: TuneCase, limits: GPUSupportedLimits): TileShape[] {
  const usual = chooseTile(kernel, sizes, UNMEASURED);
  const { rows: fewestRows, columns: fewestColumns } = TILE_SHAPES[TILE_SHAPES.length - 1];
  const isFilled = ({ rows, columns }: TileShape): boolean =>
    rows < 2 * Math.max(fewestRows, sizes.rows) && columns < 2 * Math.max(fewestColumns, sizes.columns);
  return TILE_SHAPES.filter((tile) => tile === usual || (fits(tile, limits) && isFilled(tile)));
}

function winnersOf(found: readonly TunedCase[]): Record<TiledKernel, MeasuredTile[]> {
  const winners = (wanted: TiledKernel): MeasuredTile[] =>
    found.filter(({ tuneCase: { kernel } }) => kernel === wanted).map(({ tuneCase, best: { tile } }) => {
      const { rows, columns, length } = tuneCase;
      return { rows, columns, length, tile };
    });
  return { gemm: winners("gemm"), taps: winners("taps"), weight_gradient: winners("weight_gradient") };
}

/** The number of workgroups for which sums over long arrays, split until they fill the device, take the least time. */
async function fullOf(
  backend: GpuBackend,
  { measured, cases }: { measured: AdapterTiles["measured"]; cases: readonly TuneCase[] },
  report: (round: number) => void,
): Promise<number> {
  // Those of weights' gradients: few values, each a long sum.
  const long = cases.filter(({ rows, columns, length }) => length > 4 * Math.max(rows, columns));
  if (long.length === 0) return UNMEASURED.full;
  const sums: { full: number; ms: number }[] = [];
  for (const full of FULL) {
    let ms = 0;
    for (const tuneCase of long) ms += await timeOf(backend, { tuneCase, tiles: { full, measured } });
    sums.push({ full, ms });
    report(sums.length);
  }
  const { ms: usual } = sums.find(({ full }) => full === UNMEASURED.full)!;
  const [fastest] = sums.toSorted((a, b) => a.ms - b.ms);
  return fastest.ms < (1 - CLEARLY) * usual ? fastest.full : UNMEASURED.full;
}

/** Whether the device can bind the arrays. */
function isHeld({ device: { limits } }: GpuBackend, { shapes, rows, columns }: TuneCase): boolean {
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  return [...shapes.map(sizeOf), rows * columns].every((length) => 4 * length <= most);
}

/** Milliseconds of one product with given tiles: the shortest of several means. */
async function timeOf(
  backend: GpuBackend,
  { tuneCase, tiles }: { tuneCase: TuneCase; tiles: AdapterTiles },
): Promise<number> {
  backend.tiles = tiles;
  const [a, b] = tuneCase.shapes.map((shape) => tf.fill([...shape], 0.5));
  const run = (): void => {
    const infos = backend.runKernel({ a, b }, (arrays, runtime) => {
      const pair: readonly [GpuArray, GpuArray] = [arrays.a, arrays.b];
      return [tuneCase.run(pair, runtime)];
    });
    for (const { dataId } of infos) backend.disposeData(dataId);
  };
  try {
    run(); // Compiles.
    await backend.finish();
    const once = await batchMs(backend, run, 1);
    const repetitions = Math.min(MOST_REPETITIONS, Math.max(1, Math.ceil(BATCH_MS / once)));
    let best = Infinity;
    for (let i = 0; i < BATCHES; i++) best = Math.min(best, await batchMs(backend, run, repetitions));
    return best;
  } finally {
    tf.dispose([a, b]);
  }
}

/** Mean milliseconds of some repetitions: by the device's clock where it has one. */
async function batchMs(backend: GpuBackend, run: () => void, repetitions: number): Promise<number> {
  const hasClock = backend.device.features.has("timestamp-query");
  if (hasClock) backend.startTimeline();
  const start = performance.now();
  for (let i = 0; i < repetitions; i++) run();
  await backend.finish();
  const wallMs = performance.now() - start;
  const spans = hasClock ? await backend.takeTimeline() : [];
  const ms = spans.reduce((sum, { start, end }) => sum + (end - start), 0) / 1e6;
  return (ms > 0 ? ms : wallMs) / repetitions;
}

/** What was found, as a table's rows: product, default tile's time, fastest tile and its time. */
export function rowOf({ tuneCase, defaultMs, best }: TunedCase): string[] {
  const gain = `${(100 * (1 - best.ms / defaultMs)).toFixed(0)} %`;
  const ms = (value: number): string => value.toPrecision(3);
  return [tuneCase.kernel, tuneCase.title, nameOfTile(best.tile), ms(defaultMs), ms(best.ms), gain];
}
