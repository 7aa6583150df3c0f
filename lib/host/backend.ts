/** Starts the backend of a task with what was measured on this machine's GPU. */
import { selectBackend } from "../tensor/mod.ts";
import type { BackendInfo, BackendName, BackendOptions } from "../tensor/mod.ts";
import { readTunedTiles, TILES_FILE } from "./tuned_tiles.ts";

/** What a task says of its backend, and whom a damaged file is told. */
export interface StartOptions extends Omit<BackendOptions, "tiles"> {
  /** File of measured tiles. */
  readonly tilesFile?: string;
  warn(line: string): void;
}

/**
 * Starts the backend as `selectBackend()` does, with the tiles measured on its GPU where there are any.
 *
 * @throws {BackendUnavailableError} as `selectBackend()`
 */
export async function startBackend(
  name: BackendName,
  { tilesFile = TILES_FILE, warn, ...options }: StartOptions,
): Promise<BackendInfo> {
  const isGpu = name === "webgpu" || name === "auto";
  const tiles = isGpu ? await readTunedTiles(tilesFile, warn) : [];
  return await selectBackend(name, { ...options, tiles });
}
