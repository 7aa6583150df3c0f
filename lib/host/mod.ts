/**
 * The machine the toolkit runs on: files and threads. The only folder of lib/ that touches Deno.
 *
 * @module
 */
export {
  appendLine,
  exists,
  listNiftiFiles,
  makeFolder,
  prune,
  readFile,
  readFilePrefix,
  readText,
  remove,
  writeFileAtomic,
} from "./files.ts";
export { openSampleSource, type SourceOptions } from "./loader_pool.ts";
