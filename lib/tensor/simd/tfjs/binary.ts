/** Add, Sub, Multiply, RealDiv, Maximum and SquaredDifference of float32 tensors. */
import { tf } from "../../tf.ts";
import type { SimdArray, SimdRuntime } from "../runtime.ts";
import { GRAIN, isFloat, registerBeforePlain, runOne, sizeOf } from "./_register.ts";
import type { KernelCall } from "./_register.ts";
import { repetitionOf } from "./_repetition.ts";
import type { Repetition } from "./_repetition.ts";

/** Kernel names by the number that `binary.as.ts` gives them. */
const OPERATIONS = ["Add", "Sub", "Multiply", "RealDiv", "Maximum", "SquaredDifference"];

/** Rows shorter than this are written several at a time, against as many copies of the repeated row. */
const SHORT_ROW = 256;

/** Puts the SIMD kernels before the plain ones. */
export function registerBinary(): void {
  OPERATIONS.forEach((name, operation) => {
    registerBeforePlain(name, (call) => isFloat(call.inputs.a, call.inputs.b) ? binary(operation, call) : null);
  });
}

function binary(operation: number, { inputs: { a, b }, backend }: KernelCall): tf.TensorInfo | null {
  const shape = tf.broadcast_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
  const total = sizeOf(shape);
  const aIsWhole = sizeOf(a.shape) === total;
  if (!aIsWhole && sizeOf(b.shape) !== total) return null;
  const repetition = repetitionOf(aIsWhole ? b.shape : a.shape, shape);
  if (!repetition) return null;
  return runOne(backend, { a, b }, (arrays, runtime) => {
    const out = runtime.output(shape);
    const [whole, small] = aIsWhole ? [arrays.a, arrays.b] : [arrays.b, arrays.a];
    const rows = rowsOf(small, repetition, runtime);
    const operands = [[whole.pointer, rows.inner, 1], [rows.pointer, rows.row, rows.repeat]];
    const spread = rows.isOneValue ? (aIsWhole ? 2 : 1) : 0;
    const piece = Math.min(rows.inner, GRAIN);
    const units = Math.ceil(total / rows.inner) * Math.ceil(rows.inner / piece);
    const args = [operation, spread, ...(aIsWhole ? operands : operands.reverse()).flat()];
    const grain = Math.max(1, Math.floor(GRAIN / piece));
    runtime.run("tfjsBinary", { units, grain }, [...args, out.pointer, total, rows.inner, piece]);
    return out;
  });
}

interface Rows {
  readonly pointer: number;
  /** Values of a row of the output. */
  readonly inner: number;
  /** Values between rows of the operand, and rows of the output that take the same one. */
  readonly row: number;
  readonly repeat: number;
  readonly isOneValue: boolean;
}

/** The smaller operand as rows. */
function rowsOf(small: SimdArray, { batch, outer, block }: Repetition, runtime: SimdRuntime): Rows {
  const { pointer } = small;
  if (outer === 1) return { pointer, inner: batch * block, row: 0, repeat: 1, isOneValue: false };
  if (block === 1) return { pointer, inner: outer, row: 1, repeat: 1, isOneValue: true };
  if (batch > 1 || block >= SHORT_ROW) return { pointer, inner: block, row: block, repeat: outer, isOneValue: false };
  // So many that whole vectors fill a row.
  const copies = Math.min(outer, 4 * Math.ceil(SHORT_ROW / block / 4));
  const repeated = runtime.scratch(copies * block);
  for (let i = 0; i < copies; i++) repeated.data.set(small.data, i * block);
  return { pointer: repeated.pointer, inner: copies * block, row: 0, repeat: 1, isOneValue: false };
}
