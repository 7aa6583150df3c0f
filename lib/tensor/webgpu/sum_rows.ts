/** Sums over rows, split among workgroups and added in a fixed order. */
import type { GpuArray, GpuRuntime } from "./runtime.ts";
import source from "./sum_rows.wgsl" with { type: "text" };

/** What is summed: x, its squares, or the squares of x − y. */
export type SummedTerm = "values" | "squares" | "squared differences";

const TERMS: readonly SummedTerm[] = ["values", "squares", "squared differences"];

/** Values of a piece, and pieces at most: the second pass sums them with one workgroup for a row. */
const PIECE = 8192, MOST_PIECES = 1024;

/** x (and y, for differences) of `rows` rows → sums `[rows]`, times `factor`. */
export function sumRows(
  { x, y = x, sums }: { x: GpuArray; y?: GpuArray; sums: GpuArray },
  { rows, term, factor = 1 }: { rows: number; term: SummedTerm; factor?: number },
  runtime: GpuRuntime,
): void {
  const length = x.length / rows;
  const pieceLength = Math.max(PIECE, Math.ceil(length / MOST_PIECES));
  const pieces = Math.max(1, Math.ceil(length / pieceLength));
  const target = pieces === 1 ? sums : runtime.scratch(rows * pieces);
  runtime.run({ name: "sum_rows", source, constants: { TERM: TERMS.indexOf(term) } }, {
    workgroups: [pieces, Math.min(rows, runtime.limits.maxComputeWorkgroupsPerDimension)],
    inputs: [x, y],
    outputs: [target],
    integers: [length, pieceLength, rows],
    floats: [pieces === 1 ? factor : 1],
  });
  if (pieces > 1) sumRows({ x: target, sums }, { rows, term: "values", factor }, runtime);
}
