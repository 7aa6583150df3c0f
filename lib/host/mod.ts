/**
 * The machine the toolkit runs on: files and threads. The only folder of lib/ that touches Deno.
 *
 * @module
 */
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
export { RunFolder, type SavedCheckpoint } from "./run_folder.ts";
export { createProgress, formatDuration, onInterrupt } from "./terminal.ts";
export type { Progress, ProgressOptions, ProgressStream, SignalHost } from "./terminal.ts";
