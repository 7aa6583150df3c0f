/**
 * The machine the toolkit runs on: files and threads. The only folder of lib/ that touches Deno.
 *
 * @module
 */
export { startBackend, type StartOptions } from "./backend.ts";
export {
  appendLine,
  exists,
  flushFile,
  listNames,
  listNiftiFiles,
  makeFolder,
  openFile,
  prune,
  readFile,
  readFilePrefix,
  readText,
  remove,
  tryLock,
  writeFileAtomic,
} from "./files.ts";
export type { FileContent, OpenFile } from "./files.ts";
export { openLabelledSource, openSampleSource, type SourceOptions } from "./loader_pool.ts";
export { MpiCommunicator, type MpiOptions } from "./mpi/communicator.ts";
export { detectLaunch, type Launch, LAUNCH_VARIABLES } from "./mpi/launch.ts";
export { LIBRARY_VARIABLE } from "./mpi/library.ts";
export { planThreads, type ProcessorShare, readProcessors, type ThreadPlan } from "./mpi/processors.ts";
export { gunzip, zstdCompress, zstdDecompress } from "./compression.ts";
export { type PreparedOutcome, type PreparePoolOptions, prepareSubjects } from "./prepare_pool.ts";
export type { PrepareJob } from "./_prepare_subject.ts";
export { type DamagedFile, PreparedFolder } from "./prepared_folder.ts";
export { preparedStores } from "./prepared_store.ts";
export { RunFolder, type SavedCheckpoint } from "./run_folder.ts";
export { createProgress, formatDuration, onInterrupt } from "./terminal.ts";
export { readTunedTiles, TILES_FILE, writeTunedTiles } from "./tuned_tiles.ts";
export type { Progress, ProgressOptions, ProgressStream, SignalHost } from "./terminal.ts";
