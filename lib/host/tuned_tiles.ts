/** The file of tiles measured on this machine's GPUs. */
import { z } from "zod";
import { messageOf } from "../errors.ts";
import { nameOfTile, TILE_SHAPES } from "../tensor/mod.ts";
import type { TileShape, TunedTiles } from "../tensor/mod.ts";
import { exists, makeFolder, readText, writeFileAtomic } from "./files.ts";

/** Where `deno task bench --tune` writes the tiles that are fastest here. */
export const TILES_FILE = "runs/gpu_tiles.json";

/** Changes whenever other shapes or sizes mean that older measurements say nothing. */
const FORMAT = 1;

const size = z.number().int().positive();
const tile = z.string().transform((name, context): TileShape => {
  const shape = TILE_SHAPES.find((known) => nameOfTile(known) === name);
  if (shape) return shape;
  context.addIssue({ code: "custom", message: `expected the name of a tile, got "${name}"` });
  return z.NEVER;
});
const measured = z.array(z.strictObject({ rows: size, columns: size, length: size, tile }));
const tunedTiles = z.strictObject({
  adapter: z.strictObject({
    vendor: z.string(),
    architecture: z.string(),
    device: z.string(),
    description: z.string(),
    runtime: z.string(),
  }),
  date: z.string(),
  full: size,
  measured: z.strictObject({ gemm: measured, taps: measured, weight_gradient: measured }),
});
const file = z.strictObject({ format: z.literal(FORMAT), adapters: z.array(tunedTiles) });

/**
 * The tiles in a file; none where there is none, and none, with one line about it, where it is not what was written.
 *
 * @throws {Error} when the file may not be read
 */
export async function readTunedTiles(path: string, warn: (line: string) => void): Promise<TunedTiles[]> {
  if (!await exists(path)) return [];
  const text = await readText(path);
  try {
    return parseTunedTiles(text);
  } catch (error) {
    warn(`warning: Cannot use ${path}: ${messageOf(error)}; the GPU gets its default tiles`);
    return [];
  }
}

/** Writes a file of tiles, and makes its folder where there is none. */
export async function writeTunedTiles(path: string, tuned: readonly TunedTiles[]): Promise<void> {
  await makeFolder(path.slice(0, path.lastIndexOf("/")) || ".");
  await writeFileAtomic(path, formatTunedTiles(tuned));
}

function parseTunedTiles(text: string): TunedTiles[] {
  const parsed = file.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data.adapters;
  const [{ path, message }] = parsed.error.issues;
  throw new SyntaxError(`expected measured tiles of format ${FORMAT}, got at "${path.join(".")}": ${message}`);
}

function formatTunedTiles(tuned: readonly TunedTiles[]): string {
  const named = (key: string, value: unknown): unknown => key === "tile" ? nameOfTile(value as TileShape) : value;
  return JSON.stringify({ format: FORMAT, adapters: tuned }, named, 2) + "\n";
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError("expected JSON");
  }
}
