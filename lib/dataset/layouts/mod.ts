/**
 * Published folder structures: each a line of patterns, all read by one function.
 *
 * @module
 */
export { type FileMeaning, type LaidOutSubject, type Layout, type LayoutReading, readLayouts } from "./layout.ts";
export { chooseLayouts, type LayoutChoice, type LayoutEvidence, layoutEvidence } from "./recognise.ts";
export { LAYOUTS } from "./table.ts";
