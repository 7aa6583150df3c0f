/**
 * Shapes of the tiles that matrix products and convolutions are computed by, and which one a product gets.
 *
 * A large tile reads memory least often, a small one leaves no part of a large GPU without work; where the one begins to be
 * the better is up to the GPU. So shapes are text constants of the shaders, and the one that was fastest on this adapter for
 * the product nearest in size is taken. Where nothing was measured, every product gets what has proved sound.
 */

/** The kernels that have tiles: matrix products, sums over the taps of a convolution, and its weights' gradient. */
export const TILED_KERNELS = ["gemm", "taps", "weight_gradient"] as const;

/** One of them. */
export type TiledKernel = (typeof TILED_KERNELS)[number];

/** A tile of a result, and the block of it that an invocation holds in registers. */
export interface TileShape {
  readonly rows: number;
  readonly columns: number;
  /** Rows of an invocation, 4 or 8. */
  readonly each: number;
  /** Columns of an invocation, in vectors of four. */
  readonly wide: number;
}

/** Sizes of a result, and of the sum that every value of it is. */
export interface TiledSizes {
  readonly rows: number;
  readonly columns: number;
  readonly length: number;
}

/** The tile that was fastest for a product. */
export interface MeasuredTile extends TiledSizes {
  readonly tile: TileShape;
}

/** What is known of an adapter. */
export interface AdapterTiles {
  /** Workgroups that fill it. */
  readonly full: number;
  readonly measured: Readonly<Record<TiledKernel, readonly MeasuredTile[]>>;
}

/** For adapters on which nothing was measured. */
export const UNMEASURED: AdapterTiles = { full: 512, measured: { gemm: [], taps: [], weight_gradient: [] } };

/** All shapes, from large to small. */
export const TILE_SHAPES: readonly TileShape[] = [
  { rows: 128, columns: 128, each: 8, wide: 2 },
  { rows: 128, columns: 64, each: 8, wide: 2 },
  { rows: 128, columns: 32, each: 8, wide: 1 },
  { rows: 64, columns: 64, each: 8, wide: 2 },
  { rows: 64, columns: 32, each: 8, wide: 1 },
  { rows: 32, columns: 32, each: 4, wide: 1 },
];

/** Products that a tile takes at a time. */
export const TILE_STEP = 16;

/** Twice a size, or half of it, counts one; products further apart than this together say little of each other. */
const FAR = 3;

/** Invocations of a workgroup. */
export function threadsOf({ rows, columns, each, wide }: TileShape): number {
  return rows / each * columns / (4 * wide);
}

/** Name of a shape, as in "128×64 by 8×8". */
export function nameOfTile({ rows, columns, each, wide }: TileShape): string {
  return `${rows}×${columns} by ${each}×${4 * wide}`;
}

/** Bytes of workgroup memory that a tile takes at most: rows and columns of a step, and what keeps banks apart. */
export function bytesOfTile({ rows, columns }: TileShape): number {
  return 4 * TILE_STEP * (rows + columns) + 16 * TILE_STEP;
}

/** Whether a device has the invocations and the workgroup memory for a shape. */
export function fits(tile: TileShape, limits: GPUSupportedLimits): boolean {
  const threads = threadsOf(tile);
  const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX, maxComputeWorkgroupStorageSize } = limits;
  return threads <= Math.min(maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX) &&
    bytesOfTile(tile) <= maxComputeWorkgroupStorageSize;
}

/**
 * The tile for a product: the one that was fastest for the nearest product measured; far from all, the largest of the
 * measured ones that fills the adapter; and without measurements the default.
 */
export function chooseTile(kernel: TiledKernel, sizes: TiledSizes, { full, measured }: AdapterTiles): TileShape {
  const known = measured[kernel];
  if (known.length === 0) return defaultTile(kernel, sizes);
  const distances = known.map((other) => distance(sizes, other));
  const nearest = distances.indexOf(Math.min(...distances));
  if (distances[nearest] <= FAR) return known[nearest].tile;
  const names = new Set(known.map(({ tile }) => nameOfTile(tile)));
  const tiles = TILE_SHAPES.filter((tile) => names.has(nameOfTile(tile)));
  return tiles.find((tile) => tilesOf(sizes, tile) >= full) ?? tiles[tiles.length - 1];
}

/** Tiles that cover a result. */
export function tilesOf({ rows, columns }: TiledSizes, tile: TileShape): number {
  return Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
}

/** What a shader with tiles is given before its source. */
export function tileSource(tile: TileShape): string {
  const { rows, columns, each, wide } = tile;
  const constants = {
    // Of a tile, and of the block of an invocation: columns in vectors of four.
    ROWS: rows,
    COLUMNS: columns,
    EACH: each,
    WIDE: wide,
    // Invocations along rows, along columns, and all.
    LINES: rows / each,
    SPAN: columns / (4 * wide),
    THREADS: threadsOf(tile),
    STEP: TILE_STEP,
    // Vectors of a step that an invocation loads when all share them.
    LOADS: rows * TILE_STEP / 4 / threadsOf(tile),
    OTHERS: columns * TILE_STEP / 4 / threadsOf(tile),
  };
  return Object.entries(constants).map(([name, value]) => `const ${name} = ${value}u;\n`).join("");
}

function defaultTile(kernel: TiledKernel, { columns }: TiledSizes): TileShape {
  // Convolutions have few channels now and then; half a tile would be computed for nothing.
  const isNarrow = kernel !== "gemm" && columns <= 32;
  return TILE_SHAPES[isNarrow ? 2 : 1];
}

function distance(a: TiledSizes, b: TiledSizes): number {
  const octaves = (x: number, y: number): number => Math.abs(Math.log2(x / y));
  return octaves(a.rows, b.rows) + octaves(a.columns, b.columns) + octaves(a.length, b.length);
}
