/** Which parts of a crop are hidden. */
export { drawBlockMask, keptBlockCount } from "./blocks.ts";
export type { BlockMaskOptions } from "./blocks.ts";
